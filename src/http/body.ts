import { IncomingMessage } from 'node:http';
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
export function readBody(request: IncomingMessage, limitBytes: number): Promise<Uint8Array> {
  const { 'content-length': length, 'content-encoding': encoding } = request.headers;
  if (length !== undefined && Number(length) > limitBytes)
    throw new BodyTooLargeError(Number(length), limitBytes);
  if (encoding === undefined || encoding === 'identity') return collect(request, limitBytes);
  if (encoding !== 'gzip') throw new BodyUnreadableError(`unsupported Content-Encoding ${encoding}`);
  const gunzip = createGunzip();
  request.on('error', (error) => gunzip.destroy(error));
  return collect(request.pipe(gunzip), limitBytes);
}

function collect(stream: Readable, limitBytes: number): Promise<Uint8Array> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let lengthBytes = 0;
    const fail = () => reject(new BodyUnreadableError('the request body could not be read'));
    stream.on('data', (chunk: Buffer) => {
      lengthBytes += chunk.length;
      chunks.push(chunk);
      if (lengthBytes <= limitBytes) return;
      reject(new BodyTooLargeError(lengthBytes, limitBytes));
      chunks.length = 0;
      // A request that is destroyed takes its connection along, and the refusal with it.
      if (stream instanceof IncomingMessage) stream.pause();
      else stream.destroy();
    });
    stream.on('end', () => {
      const [only] = chunks;
      resolve(chunks.length === 1 && only !== undefined ? only : Buffer.concat(chunks));
    });
    stream.on('error', fail);
    stream.on('close', () => {
      if (!stream.readableEnded) fail();
    });
  });
}
