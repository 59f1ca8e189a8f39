import type { Hashes } from './hashes.ts';
import { md5 } from './md5.ts';
import { xxh64, xxh64Seed1 } from './xxh64.ts';

/** All hash functions without a package and without loading: for keys of usual length the quickest there are. */
export const pureHashes: Hashes = Object.freeze({ xxh64, xxh64Seed1, md5 });
