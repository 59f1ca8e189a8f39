import type { Readable } from 'node:stream';

/**
 * The last `keepBytes` of a stream as UTF-8, of which no more than `maxBytes` are read.
 *
 * Compat(consul): a body that breaks off is no failure; what came of it is shown.
 */
export async function readTail(stream: Readable, keepBytes: number, maxBytes: number): Promise<string> {
  let tail = Buffer.alloc(0);
  let readBytes = 0;
  try {
    for await (const chunk of stream as AsyncIterable<Buffer>) {
      readBytes += chunk.length;
      tail = Buffer.concat([tail, chunk]).subarray(-keepBytes);
      if (readBytes >= maxBytes) break;
    }
  } catch {
    // The status has been said already.
  } finally {
    stream.destroy();
  }
  return tail.toString('utf8');
}
