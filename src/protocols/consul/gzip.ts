import { promisify } from 'node:util';
import { gzip, gzipSync } from 'node:zlib';
import { mapped, type RouteRequest, type RouteResponse } from '../../http/index.ts';

/** Shorter bodies are sent as they are. */
const MIN_BYTES = 1400;
/** Up to here, compressing takes less time than having another thread do it. */
const AT_ONCE_BYTES = 16 * 1024;

const compress = promisify<Uint8Array, Buffer>(gzip);
/** What became of each body, for as long as the body is kept: readers of one answer share one compression. */
const compressed = new WeakMap<Uint8Array, Buffer | Promise<Buffer>>();
/** The same of each answer; thousands who are told of a change then get one and the same. */
const answers = new WeakMap<RouteResponse, RouteResponse>();

/** The response, compressed where the client takes that and the body is long enough. */
export function encoded(
  response: RouteResponse,
  request: RouteRequest,
): RouteResponse | Promise<RouteResponse> {
  const { body, later } = response;
  if (later === undefined && (body === undefined || body.length < MIN_BYTES)) return response;
  return takesGzip(request.headers['accept-encoding']) ? mapped(response, zipped) : response;
}

function zipped(response: RouteResponse): RouteResponse | Promise<RouteResponse> {
  const { body } = response;
  if (body === undefined || body.length < MIN_BYTES) return response;
  const known = answers.get(response);
  if (known !== undefined) return known;
  const zipping = zip(typeof body === 'string' ? Buffer.from(body) : body);
  return zipping instanceof Promise
    ? zipping.then((result) => withBody(response, result))
    : withBody(response, zipping);
}

/** A promise only while a long body is being compressed: whoever is told later need not wait for a turn of its own. */
function zip(body: Uint8Array): Buffer | Promise<Buffer> {
  const known = compressed.get(body);
  if (known !== undefined) return known;
  const zipping = body.length <= AT_ONCE_BYTES ? gzipSync(body) : compressInTheBackground(body);
  compressed.set(body, zipping);
  return zipping;
}

async function compressInTheBackground(body: Uint8Array): Promise<Buffer> {
  const result = await compress(body);
  compressed.set(body, result);
  return result;
}

function withBody(response: RouteResponse, body: Buffer): RouteResponse {
  const lengthBytes = String(body.length);
  const headers = { ...response.headers, 'Content-Encoding': 'gzip', 'Content-Length': lengthBytes };
  const result = { ...response, headers, body };
  answers.set(response, result);
  return result;
}

/** Whether an `Accept-Encoding` header names gzip, and not with a weight of 0. */
export function takesGzip(header: string | string[] | undefined): boolean {
  return String(header ?? '')
    .split(',')
    .map((each) => each.trim().toLowerCase())
    .some((each) => /^gzip\s*(;\s*q\s*=\s*(?!0(\.0*)?\s*$).*)?$/.test(each));
}
