import { TABLES, type Revision, type State } from '../core/index.ts';
import type { Hash64 } from '../core/ring/index.ts';

const SLICE = 1000;
const ATTEMPTS = 20;

/** What a catalog holds, in sixteen hex digits: equal where every record and revision is. */
export interface CatalogDigest {
  readonly revision: Revision;
  readonly records: number;
  readonly digest: string;
}

/**
 * Digests a catalog: the sum of its records' hashes, so that their order does not matter.
 *
 * Works in slices, so that a large catalog does not stall the loop, and starts over when a commit came in between;
 * undefined where that happened too often.
 */
export async function digestOf(state: () => State, hash64: Hash64): Promise<CatalogDigest | undefined> {
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    const digest = await attemptDigest(state(), hash64, state);
    if (digest !== undefined) return digest;
  }
  return undefined;
}

async function attemptDigest(
  state: State,
  hash64: Hash64,
  current: () => State,
): Promise<CatalogDigest | undefined> {
  const { revision, size } = state;
  const halves = new Uint32Array(2);
  let sum = 0n;
  let done = 0;
  for (const table of TABLES)
    for (const record of state.values(table)) {
      hash64(`${table} ${JSON.stringify(record, bytesAsText)}`, halves);
      sum += (BigInt(halves[0] ?? 0) << 32n) | BigInt(halves[1] ?? 0);
      if (++done % SLICE !== 0) continue;
      await new Promise((resolve) => setImmediate(resolve));
      if (current() !== state || state.revision !== revision) return undefined;
    }
  return { revision, records: size, digest: BigInt.asUintN(64, sum).toString(16).padStart(16, '0') };
}

function bytesAsText(_name: string, value: unknown): unknown {
  return value instanceof Uint8Array ? Buffer.from(value).toString('base64') : value;
}
