import { randomFillSync, randomUUID } from 'node:crypto';

/** Randomness; injected so that placement and jitter can be repeated in tests. */
export interface Random {
  /** Uniform in [0, 1). */
  fraction(): number;
  /** RFC 9562 version 4. */
  uuid(): string;
  /** 96 random bits as 16 base64url characters. */
  token(): string;
}

export const systemRandom: Random = {
  fraction: () => Math.random(),
  uuid: () => randomUUID(),
  token: () => {
    const start = takeBytes();
    return pool.toString('base64url', start, start + TOKEN_BYTES);
  },
};

const TOKEN_BYTES = 12;
/** Filled in one go, because the system call costs far more than the bytes. */
const pool = Buffer.alloc(TOKEN_BYTES * 256);
let used = pool.length;

/** Where in the pool unused bytes begin. */
function takeBytes(): number {
  if (used === pool.length) {
    randomFillSync(pool);
    used = 0;
  }
  used += TOKEN_BYTES;
  return used - TOKEN_BYTES;
}
