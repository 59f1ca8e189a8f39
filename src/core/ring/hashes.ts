import type { Hash64 } from './hash64.ts';

/** The hash functions that algorithms need and a pure library cannot bring; text is hashed as UTF-8. */
export interface Hashes {
  /** XXH64, seed 0. */
  readonly xxh64: Hash64;
  /** XXH64, seed 1. */
  readonly xxh64Seed1: Hash64;
  /** Writes the four little-endian 32-bit words of the MD5 digest. */
  readonly md5: (text: string, into: Uint32Array) => void;
}
