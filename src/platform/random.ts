import { randomBytes, randomUUID } from 'node:crypto';

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
  token: () => randomBytes(12).toString('base64url'),
};
