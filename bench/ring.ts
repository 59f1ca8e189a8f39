import type * as RingModule from '../src/core/ring/index.ts';
import type * as HashModule from '../src/platform/xxhash.ts';
import { compareCosts, type Row } from './measure.ts';
import type { Run } from './run.ts';

const MEMBERS = [10, 100, 1000, 10_000];
const LOOKUPS = 200_000;
/** Until the compiler has settled. */
const WARM_UP_ROUNDS = 3;

/** Lookups by key in rings of several sizes, against hashing the key and doing nothing with it. */
export async function ringRows(run: Run): Promise<Row[]> {
  // The built files: what tsx makes of the sources is not what users run.
  const { buildRing, DEFAULT_POLICY } = (await import(built('core/ring/index.js'))) as typeof RingModule;
  const { loadXxhash64 } = (await import(built('platform/xxhash.js'))) as typeof HashModule;
  const hash64 = await loadXxhash64();
  const keys = Array.from({ length: LOOKUPS }, (_, i) => `user-${i}`);
  const halves = new Uint32Array(2);
  const hashing = () => {
    for (const key of keys) hash64(key, halves);
  };
  const rows: Row[] = [];
  for (const count of MEMBERS) {
    const members = Array.from({ length: count }, (_, i) => {
      const address = `10.${i >> 16}.${(i >> 8) & 255}.${i & 255}:8080`;
      return { id: `i-${i}`, hashKey: address };
    });
    const ring = buildRing(members, DEFAULT_POLICY, hash64);
    const found = { sum: 0 };
    const owners = () => {
      for (const key of keys) found.sum += ring.owner(key)?.id.length ?? 0;
    };
    const threeReplicas = () => {
      for (const key of keys) found.sum += ring.preferenceList(key, 3).length;
    };
    for (const [what, lookUp] of [
      ['owner', owners],
      ['3 replicas', threeReplicas],
    ] as const) {
      const name = `${what} of a key, ${count.toLocaleString('en')} members`;
      rows.push(compare(name, run.rounds, lookUp, hashing));
    }
    if (found.sum === 0) throw new Error('the ring owns nothing');
  }
  return rows;
}

function compare(name: string, rounds: number, lookUp: () => void, hashing: () => void): Row {
  const ours: number[] = [];
  const reference: number[] = [];
  for (let round = -WARM_UP_ROUNDS; round < rounds; round++) {
    const pair = [nanosPerLookup(lookUp), nanosPerLookup(hashing)] as const;
    if (round < 0) continue;
    ours.push(pair[0]);
    reference.push(pair[1]);
  }
  return compareCosts({ group: 'ring', name, unit: 'ns', referenceName: 'hashing the key' }, ours, reference);
}

function nanosPerLookup(run: () => void): number {
  const startedAt = process.hrtime.bigint();
  run();
  return Number(process.hrtime.bigint() - startedAt) / LOOKUPS;
}

function built(path: string): string {
  return new URL(`../dist/${path}`, import.meta.url).href;
}
