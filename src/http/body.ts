import type { IncomingMessage } from 'node:http';
import { createGunzip } from 'node:zlib';
import type { Readable } from 'node:stream';
import { BodyTooLargeError, BodyUnreadableError } from './route.ts';

/** Whether there may be a body to read; that of a GET or HEAD is left alone. */
export function mayHaveBody({ method, headers }: IncomingMessage): boolean {
  if (method === 'GET' || method === 'HEAD') return false;
  const length = headers['content-length'];
  return (length !== undefined && length !== '0') || headers['transfer-encoding'] !== undefined;
}

/**
 * Reads a request's body, unzipped, up to a limit that holds for what is sent and for what it unzips to.
 *
 * Throws `BodyTooLargeError` and `BodyUnreadableError`; the time it may take is bounded by the server's
 * `requestTimeout`.
 */
export async function readBody(request: IncomingMessage, limitBytes: number): Promise<Uint8Array> {
  const length = request.headers['content-length'];
  if (length !== undefined && Number(length) > limitBytes)
    throw new BodyTooLargeError(Number(length), limitBytes);
  const encoding = request.headers['content-encoding'];
  if (encoding === undefined || encoding === 'identity') return collect(request, limitBytes);
  if (encoding !== 'gzip') throw new BodyUnreadableError(`unsupported Content-Encoding ${encoding}`);
  const gunzip = createGunzip();
  request.on('error', (error) => gunzip.destroy(error));
  return collect(request.pipe(gunzip), limitBytes);
}

async function collect(stream: Readable, limitBytes: number): Promise<Uint8Array> {
  const chunks: Buffer[] = [];
  let lengthBytes = 0;
  try {
    for await (const chunk of stream as AsyncIterable<Buffer>) {
      lengthBytes += chunk.length;
      if (lengthBytes > limitBytes) throw new BodyTooLargeError(lengthBytes, limitBytes);
      chunks.push(chunk);
    }
  } catch (error) {
    if (error instanceof BodyTooLargeError) throw error;
    throw new BodyUnreadableError('the request body could not be read');
  }
  const [only] = chunks;
  return chunks.length === 1 && only !== undefined ? only : Buffer.concat(chunks);
}
