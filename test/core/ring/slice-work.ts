import { Session } from 'node:inspector';
import type { Member, Ring, RingPolicy, Steps } from '../../../src/core/ring/index.ts';

/**
 * Counts the blocks of code of the library that each slice of work enters; a program of its own.
 *
 * V8 counts blocks only of what it compiles after it was told to. Prints an object of the most blocks of one slice,
 * and of all slices, by the name of the case.
 */

const COUNT = 2048;
/** Where every lookup looks at every member. */
const FEW = 256;

const POLICIES: readonly RingPolicy[] = [
  { algorithm: 'ring', pointsPerWeight: 64 },
  { algorithm: 'bounded-ring', pointsPerWeight: 32, partitions: 65_536, maxLoadPercent: 100 },
  { algorithm: 'maglev', tableSize: 100_003 },
  { algorithm: 'rendezvous' },
  {
    algorithm: 'envoy-ring-hash',
    minimumRingSize: 100_000,
    maximumRingSize: 200_000,
    hashFunction: 'murmur2',
  },
  { algorithm: 'nginx-consistent' },
  { algorithm: 'ketama', variant: 'libketama' },
  { algorithm: 'ketama', variant: 'libmemcached' },
  { algorithm: 'twemproxy-ketama' },
  { algorithm: 'haproxy-consistent', hashKey: 'addr-port', hashFunction: 'sdbm', avalanche: true },
  { algorithm: 'jump' },
];

const session = new Session();
session.connect();
session.post('Profiler.enable');
session.post('Profiler.startPreciseCoverage', { callCount: true, detailed: true });
const { buildRing, buildRingSteps, DEFAULT_POLICY, finish, movementSteps, pureHashes } =
  await import('../../../src/core/ring/index.ts');

const results: Record<string, { most: number; total: number }> = {};

/** What was entered since the last call. */
function blocksEntered(): number {
  let blocks = 0;
  session.post('Profiler.takePreciseCoverage', (error, { result }) => {
    if (error !== null) throw error;
    for (const { url, functions } of result) {
      if (!url.includes('/src/core/ring/')) continue;
      for (const { ranges } of functions) for (const { count } of ranges) blocks += count;
    }
  });
  return blocks;
}

function measured<T>(name: string, steps: Steps<T>): T {
  const held = (results[name] ??= { most: 0, total: 0 });
  blocksEntered();
  for (;;) {
    const step = steps.next();
    const blocks = blocksEntered();
    held.most = Math.max(held.most, blocks);
    held.total += blocks;
    if (step.done === true) return step.value;
  }
}

function membersOf(count: number): Member[] {
  return Array.from({ length: count }, (_, i) => ({
    id: `member-${i}`,
    hashKey: `10.0.${i >> 8}.${i & 255}:80`,
  }));
}

function measureAlgorithm(policy: RingPolicy): void {
  const count = policy.algorithm === 'rendezvous' || policy.algorithm === 'jump' ? FEW : COUNT;
  const name = `${policy.algorithm} ${'variant' in policy ? policy.variant : ''}`.trim();
  const built = measured(`${name}: build`, buildRingSteps(membersOf(count), policy, pureHashes));
  // Crosses a power of two.
  const more = measured(`${name}: one more`, built.withSteps({ put: membersOf(count + 1).slice(count) }));
  const fewer = measured(`${name}: one less`, built.withSteps({ remove: ['member-7'] }));
  measured(`${name}: movement`, movementSteps(more, fewer));
}

function measureHostile(): void {
  const members = membersOf(COUNT);
  const ring = buildRing(members, DEFAULT_POLICY, pureHashes);
  const elsewhere = members.map(({ id, hashKey }) => ({ id, hashKey: `${hashKey}0` }));
  const steps = movementSteps(ring, buildRing(elsewhere, DEFAULT_POLICY, pureHashes), { maxFlows: 100 });
  measured('movement of everything', steps);
  const [first, ...others] = members;
  if (first === undefined) throw new Error('no members');
  const heavy = { ...first, weight: 400 };
  measured('a heavy member', buildRingSteps([heavy, ...others], DEFAULT_POLICY, pureHashes));
  measured('a member becomes heavy', ring.withSteps({ put: [heavy] }));
  const maglev = { algorithm: 'maglev', tableSize: 100_003 } as const;
  const uneven = [{ ...first, weight: 65_535 }, ...others];
  measured('a table of uneven weights', buildRingSteps(uneven, maglev, pureHashes));
  const same = members.map(({ id }) => ({ id, hashKey: '10.0.0.1:80' }));
  measured('a table of one hash key', buildRingSteps(same, maglev, pureHashes));
  const few = { algorithm: 'ring', pointsPerWeight: 64 } as const;
  const crowded = measured('one hash key', buildRingSteps(same, few, pureHashes));
  measured('one hash key, one less', crowded.withSteps({ remove: ['member-2047'] }));
}

/** What a slice without bounds looks like. */
function* inOneGo(): Steps<Ring> {
  yield;
  return finish(buildRingSteps(membersOf(COUNT), DEFAULT_POLICY, pureHashes));
}

for (const policy of POLICIES) measureAlgorithm(policy);
measureHostile();
measured('in one go', inOneGo());
console.log(JSON.stringify(results));
