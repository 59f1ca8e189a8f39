import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import type { RouteRequest, RouteResponse } from '../../http/index.ts';

/** Shorter bodies are sent as they are. */
const MIN_BYTES = 1400;

const compress = promisify<Uint8Array, Buffer>(gzip);
/** What became of each body, for as long as the body is kept: readers of one answer share one compression. */
const compressed = new WeakMap<Uint8Array, Promise<Buffer>>();

/** The response, compressed where the client takes that and the body is long enough. */
export async function encoded(response: RouteResponse, request: RouteRequest): Promise<RouteResponse> {
  const { body, headers } = response;
  if (body === undefined || body.length < MIN_BYTES || !takesGzip(request.headers['accept-encoding']))
    return response;
  const bytes = typeof body === 'string' ? Buffer.from(body) : body;
  let zipping = compressed.get(bytes);
  if (zipping === undefined) {
    zipping = compress(bytes);
    compressed.set(bytes, zipping);
  }
  const zipped = await zipping;
  const lengthBytes = String(zipped.length);
  const zippedHeaders = { ...headers, 'Content-Encoding': 'gzip', 'Content-Length': lengthBytes };
  return { ...response, headers: zippedHeaders, body: zipped };
}

/** Whether an `Accept-Encoding` header names gzip, and not with a weight of 0. */
export function takesGzip(header: string | string[] | undefined): boolean {
  return String(header ?? '')
    .split(',')
    .map((each) => each.trim().toLowerCase())
    .some((each) => /^gzip\s*(;\s*q\s*=\s*(?!0(\.0*)?\s*$).*)?$/.test(each));
}
