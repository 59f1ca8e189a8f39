import { type Agent, request as httpRequest, type IncomingMessage } from 'node:http';
import { buffer } from 'node:stream/consumers';

/**
 * A request as the generators send it.
 *
 * In path and body, `{n}` stands for a running number that no other request of the run has, and `{k}`
 * for that number modulo `keys`; both have nine digits.
 */
export interface BenchRequest {
  readonly method: 'GET' | 'PUT' | 'POST';
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
  /** Default 1. */
  readonly keys?: number;
}

export const NUMBER_DIGITS = 9;

/** An answer as the reference server sends it again. */
export interface CapturedAnswer {
  readonly status: number;
  /** Name, value, name, value...; without what node:http adds by itself. */
  readonly headers: readonly string[];
  readonly bodyBase64: string;
}

const ADDED_BY_NODE = new Set(['date', 'connection', 'keep-alive']);

/** The request's bytes, placeholders left in. */
export function rawRequest({ method, path, headers = {}, body }: BenchRequest): string {
  const length =
    body === undefined ? {} : { 'Content-Length': String(Buffer.byteLength(numbered(body, 0, 1))) };
  const fields = Object.entries({ Host: '127.0.0.1', ...headers, ...length });
  const head = fields.map(([name, value]) => `${name}: ${value}\r\n`).join('');
  return `${method} ${path} HTTP/1.1\r\n${head}\r\n${body ?? ''}`;
}

/** Sends one request, number `n`, and throws unless the answer is a success. */
export async function send(
  port: number,
  request: BenchRequest,
  n: number,
  agent?: Agent,
): Promise<CapturedAnswer> {
  const { method, path, headers = {}, body, keys = 1 } = request;
  const outgoing = httpRequest({
    host: '127.0.0.1',
    port,
    method,
    path: numbered(path, n, keys),
    headers,
    agent,
    timeout: 10_000,
  });
  outgoing.on('timeout', () => outgoing.destroy(new Error('timeout')));
  const answered = new Promise<IncomingMessage>((resolve, reject) => {
    outgoing.on('response', resolve);
    outgoing.on('error', reject);
  });
  outgoing.end(body === undefined ? undefined : numbered(body, n, keys));
  const response = await answered;
  const bytes = await buffer(response);
  const status = response.statusCode ?? 0;
  if (status < 200 || status > 299)
    throw new Error(`${method} ${path} answered ${status}: ${bytes.toString()}`);
  const captured: string[] = [];
  for (let i = 0; i + 1 < response.rawHeaders.length; i += 2) {
    const name = response.rawHeaders[i] ?? '';
    if (!ADDED_BY_NODE.has(name.toLowerCase())) captured.push(name, response.rawHeaders[i + 1] ?? '');
  }
  return { status, headers: captured, bodyBase64: bytes.toString('base64') };
}

/** Puts the numbers of request `n` in for the placeholders. */
export function numbered(text: string, n: number, keys: number): string {
  const digits = (value: number) => String(value).padStart(NUMBER_DIGITS, '0');
  return text.replaceAll('{n}', digits(n)).replaceAll('{k}', digits(n % keys));
}
