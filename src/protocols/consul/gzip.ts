import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import { mapped, type RouteRequest, type RouteResponse } from '../../http/index.ts';

/** Shorter bodies are sent as they are. */
const MIN_BYTES = 1400;

const compress = promisify<Uint8Array, Buffer>(gzip);
/** What became of each body, for as long as the body is kept: readers of one answer share one compression. */
const compressed = new WeakMap<Uint8Array, Promise<Buffer>>();

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
  return body === undefined || body.length < MIN_BYTES ? response : zip(response, body);
}

async function zip(response: RouteResponse, body: string | Uint8Array): Promise<RouteResponse> {
  const bytes = typeof body === 'string' ? Buffer.from(body) : body;
  let zipping = compressed.get(bytes);
  if (zipping === undefined) {
    zipping = compress(bytes);
    compressed.set(bytes, zipping);
  }
  const result = await zipping;
  const lengthBytes = String(result.length);
  const headers = { ...response.headers, 'Content-Encoding': 'gzip', 'Content-Length': lengthBytes };
  return { ...response, headers, body: result };
}

/** Whether an `Accept-Encoding` header names gzip, and not with a weight of 0. */
export function takesGzip(header: string | string[] | undefined): boolean {
  return String(header ?? '')
    .split(',')
    .map((each) => each.trim().toLowerCase())
    .some((each) => /^gzip\s*(;\s*q\s*=\s*(?!0(\.0*)?\s*$).*)?$/.test(each));
}
