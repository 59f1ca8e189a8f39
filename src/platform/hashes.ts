import { createHash } from 'node:crypto';
import { loadXxhash64, type Xxhash64 } from './xxhash.ts';

/** The hash functions of all placement algorithms; `core/ring` says what each has to do. */
interface RingHashes {
  readonly xxh64: Xxhash64;
  readonly xxh64Seed1: Xxhash64;
  readonly md5: (text: string, into: Uint32Array) => void;
}

/** Takes a few ms, once per process. */
export async function loadHashes(): Promise<RingHashes> {
  return { xxh64: await loadXxhash64(), xxh64Seed1: await loadXxhash64(1n), md5 };
}

/** MD5 places keys as the ketama family does; nothing here is a secret. */
function md5(text: string, into: Uint32Array): void {
  const digest = createHash('md5').update(text, 'utf8').digest();
  for (let word = 0; word < 4; word++) into[word] = digest.readUInt32LE(4 * word);
}
