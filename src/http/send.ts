import type { ServerResponse } from 'node:http';
import type { RouteResponse } from './route.ts';

/** From here on a second write costs less than a copy of the body. */
const LONG_BYTES = 8 * 1024;

/** Sends an answer, unless its client has gone. */
export function send(response: ServerResponse, { status, headers, body, stream }: RouteResponse): void {
  if (response.destroyed || response.headersSent) {
    stream?.destroy();
    return;
  }
  if (stream !== undefined) {
    writeHead(response, status, headers);
    response.flushHeaders();
    stream.on('error', () => response.destroy());
    response.once('close', () => stream.destroy());
    stream.pipe(response);
    return;
  }
  writeHead(response, status, status === 204 || status === 304 ? headers : withLength(headers, body));
  if (body instanceof Uint8Array) response.end(asSent(body), 'latin1');
  else response.end(body);
}

/** Bytes as node sends them best: short ones as a Latin-1 string, which goes out with the headers in one write. */
export function asSent(body: Uint8Array): string | Uint8Array {
  if (body.length >= LONG_BYTES) return body;
  return Buffer.from(body.buffer, body.byteOffset, body.length).toString('latin1');
}

type Headers = Readonly<Record<string, string>> | undefined;

/** Node refuses header values that are not Latin-1; they are sent as UTF-8, control characters as spaces. */
function writeHead(response: ServerResponse, status: number, headers: Headers): void {
  try {
    response.writeHead(status, headers);
  } catch {
    const sendable = Object.entries(headers ?? {}).map(([name, value]) => {
      const printable = value.replace(/[\u0000-\u001f\u007f]/g, ' ');
      return [name, Buffer.from(printable, 'utf8').toString('latin1')] as const;
    });
    response.writeHead(status, Object.fromEntries(sendable));
  }
}

/** The headers with the length of the body; those of a shared answer have it already. */
function withLength(
  headers: Headers,
  body: string | Uint8Array | undefined,
): Readonly<Record<string, string>> {
  if (headers?.['Content-Length'] !== undefined) return headers;
  return { ...headers, 'Content-Length': String(body === undefined ? 0 : Buffer.byteLength(body)) };
}
