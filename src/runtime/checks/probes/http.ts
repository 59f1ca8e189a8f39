import { request as requestHttp, type IncomingMessage } from 'node:http';
import { request as requestHttps, type RequestOptions } from 'node:https';
import { isIP } from 'node:net';
import type { CheckStatus, HttpProbe } from '../../../core/index.ts';
import { goErrorText } from './go-error.ts';
import type { ProbeResult } from './probe.ts';
import { readTail } from './tail.ts';

const MAX_REQUESTS = 10;
const MAX_HEADER_BYTES = 16_384;
const MAX_OUTPUT_BYTES = 4096;
const MAX_BODY_BYTES = 1_048_576;

/**
 * Passing on 2xx, warning on 429, else critical.
 *
 * Each request has a connection of its own. The output ends with the last 4096 bytes of the body, of which no more than
 * 1 MiB is read.
 */
export async function probeHttp(source: HttpProbe, signal: AbortSignal): Promise<ProbeResult> {
  let hop = firstHop(source);
  try {
    for (let made = 1; ; made++) {
      const response = await exchange(hop, source, signal);
      const next = source.followRedirects ? nextHop(hop, response) : undefined;
      if (next === undefined) return await conclude(source, response);
      response.destroy();
      hop = next;
      if (made === MAX_REQUESTS) throw new Error(`stopped after ${MAX_REQUESTS} redirects`);
    }
  } catch (error) {
    const why = signal.aborted ? TIMED_OUT : goErrorText(error);
    const method = methodOf(source);
    const operation = method.slice(0, 1) + method.slice(1).toLowerCase();
    return { status: 'critical', output: `${operation} ${JSON.stringify(withoutPassword(hop.url))}: ${why}` };
  }
}

const TIMED_OUT = 'context deadline exceeded (Client.Timeout exceeded while awaiting headers)';

/** One request: the first one, or the one a redirect asks for. */
interface Hop {
  readonly url: string;
  readonly method: string;
  readonly body: string;
  readonly headers: Readonly<Record<string, readonly string[]>>;
}

const OWN_HEADERS = { 'user-agent': ['Consul Health Check'], accept: ['text/plain, text/*, */*'] };
/** Framing is this program's business. */
const DROPPED_HEADERS = new Set(['connection', 'content-length', 'transfer-encoding']);

function firstHop(source: HttpProbe): Hop {
  const given = Object.entries(source.headers).map(([name, values]) => [name.toLowerCase(), values] as const);
  const headers = {
    ...OWN_HEADERS,
    ...Object.fromEntries(given.filter(([name]) => !DROPPED_HEADERS.has(name))),
  };
  return { url: source.url, method: methodOf(source), body: source.body, headers };
}

function exchange(hop: Hop, source: HttpProbe, signal: AbortSignal): Promise<IncomingMessage> {
  const url = new URL(hop.url);
  if (url.protocol !== 'http:' && url.protocol !== 'https:') {
    throw new Error(`unsupported protocol scheme "${url.protocol.slice(0, -1)}"`);
  }
  const hostname = url.hostname.replace(/^\[|\]$/g, '');
  const length = hop.body === '' ? {} : { 'content-length': String(Buffer.byteLength(hop.body)) };
  const options: RequestOptions = {
    method: hop.method,
    headers: { ...mutable(hop.headers), ...length },
    agent: false,
    signal,
    maxHeaderSize: MAX_HEADER_BYTES,
    servername: source.tlsServerName || (isIP(hostname) === 0 ? hostname : ''),
    rejectUnauthorized: !source.tlsSkipVerify,
  };
  const request = url.protocol === 'https:' ? requestHttps : requestHttp;
  return new Promise((resolve, reject) => {
    const hungUp = () => reject(new Error('socket hang up'));
    request(url, options).on('response', resolve).on('error', reject).on('close', hungUp).end(hop.body);
  });
}

async function conclude(source: HttpProbe, response: IncomingMessage): Promise<ProbeResult> {
  const code = response.statusCode ?? 0;
  const keepBytes = Math.min(source.outputMaxBytes ?? MAX_OUTPUT_BYTES, MAX_OUTPUT_BYTES);
  const body = await readTail(response, keepBytes, MAX_BODY_BYTES);
  const shownStatus = `${code} ${response.statusMessage ?? ''}`.trimEnd();
  return {
    status: statusOf(code),
    output: `HTTP ${methodOf(source)} ${source.url}: ${shownStatus} Output: ${body}`,
  };
}

function methodOf(source: HttpProbe): string {
  return source.method === '' ? 'GET' : source.method;
}

/** As Go shows it in errors. */
function withoutPassword(url: string): string {
  return url.replace(/^(\w+:\/\/[^/?#@:]*):[^/?#@]*@/, '$1:***@');
}

function statusOf(code: number): CheckStatus {
  if (code >= 200 && code < 300) return 'passing';
  return code === 429 ? 'warning' : 'critical';
}

const REDIRECTS = new Set([301, 302, 303, 307, 308]);
const CREDENTIALS = new Set(['authorization', 'cookie', 'cookie2', 'www-authenticate']);

/**
 * Where a response sends the client; undefined when it is the answer.
 *
 * Compat(consul): redirects are followed as Go's client does, credentials go to the same host only, and a redirect
 * without a location is the answer.
 */
function nextHop(hop: Hop, response: IncomingMessage): Hop | undefined {
  const { statusCode = 0, headers } = response;
  if (!REDIRECTS.has(statusCode) || headers.location === undefined) return undefined;
  const from = new URL(hop.url);
  const to = new URL(headers.location, from);
  const keepsHost = to.host === from.host;
  const isRelative = !/^([a-z][a-z0-9+.-]*:|\/\/)/i.test(headers.location);
  const kept = Object.entries(hop.headers).filter(([name]) => {
    if (name === 'host') return isRelative;
    return keepsHost || !CREDENTIALS.has(name);
  });
  const repeats = statusCode >= 307;
  const method = repeats || hop.method === 'HEAD' ? hop.method : 'GET';
  return { url: to.href, method, body: repeats ? hop.body : '', headers: Object.fromEntries(kept) };
}

function mutable(headers: Hop['headers']): Record<string, string | string[]> {
  // Node sends a list as several lines, but wants the host alone.
  return Object.fromEntries(
    Object.entries(headers).map(([name, values]) => [
      name,
      name === 'host' ? (values[0] ?? '') : [...values],
    ]),
  );
}
