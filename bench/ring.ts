import { setTimeout } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import type * as RingModule from '../src/core/ring/index.ts';
import { compareCosts, type Row } from './measure.ts';
import { type BuiltRing, type Contender, contenders } from './ring-contenders.ts';
import type { Run } from './run.ts';

const MEMBERS = [10, 100, 1000, 10_000];
const KEYS = Array.from({ length: 10_000 }, (_, i) => `user-${i}`);
const LOOKUPS = 4 * KEYS.length;
/** Until the compiler has settled. */
const WARM_UP_ROUNDS = 20;
/** For shares: enough that chance alone makes 2 % of a hundredth. */
const SHARE_KEYS = 200_000;
const SHARE_MEMBERS = 100;

/** Rings of several sizes against those of npm packages; all take turns, and CPU time is what counts. */
export async function ringRows(run: Run): Promise<Row[]> {
  const [ours, ...peers] = await contenders();
  const rows: Row[] = [];
  for (const count of MEMBERS) {
    console.error(`ring of ${count.toLocaleString('en')}...`);
    rows.push(...lookupRows(ours, peers, count, run.rounds));
    rows.push(...(await batchRows(count, run.rounds)));
    rows.push(...(await changeRows(ours, peers, count)));
  }
  for (const peer of peers) rows.push(...shareRows(ours, peer));
  return rows;
}

function lookupRows(ours: Contender, peers: readonly Contender[], count: number, rounds: number): Row[] {
  const rings = [ours, ...peers].map(({ build }) => build(addresses(count)));
  const costs = rings.map((): number[] => []);
  for (let round = -WARM_UP_ROUNDS; round < rounds; round++) {
    rings.forEach((ring, i) => {
      const nanos = nanosPerLookup(() => {
        let found = 0;
        for (let n = 0; n < LOOKUPS / KEYS.length; n++) {
          for (const key of KEYS) found += ring.owner(key).length;
        }
        if (found === 0) throw new Error('the ring owns nothing');
      });
      if (round >= 0) costs[i]?.push(nanos);
    });
  }
  const name = `owner of a key, ${members(count)}`;
  return peers.map((peer, i) => row(name, 'ns', peer.name, costs[0] ?? [], costs[i + 1] ?? []));
}

/** Batches against hashing the keys and doing nothing with it. */
async function batchRows(count: number, rounds: number): Promise<Row[]> {
  const url = new URL('../dist/core/ring/index.js', import.meta.url).href;
  const { buildRing, DEFAULT_POLICY, pureHashes } = (await import(url)) as typeof RingModule;
  const list = addresses(count).map((address) => ({ id: address, hashKey: address }));
  const ring = buildRing(list, DEFAULT_POLICY, pureHashes);
  const halves = new Uint32Array(2);
  const times = LOOKUPS / KEYS.length;
  const [ours, hashing]: [number[], number[]] = [[], []];
  for (let round = -WARM_UP_ROUNDS; round < rounds; round++) {
    const batch = nanosPerLookup(() => {
      for (let n = 0; n < times; n++) ring.owners(KEYS);
    });
    const hash = nanosPerLookup(() => {
      for (let n = 0; n < times; n++) for (const key of KEYS) pureHashes.xxh64(key, halves);
    });
    if (round < 0) continue;
    ours.push(batch);
    hashing.push(hash);
  }
  return [row(`batch of 10,000 keys, each, ${members(count)}`, 'ns', 'hashing the key', ours, hashing)];
}

async function changeRows(ours: Contender, peers: readonly Contender[], count: number): Promise<Row[]> {
  const own = await costsOf(ours, count);
  const others: Costs[] = [];
  for (const peer of peers) others.push(await costsOf(peer, count));
  return peers.flatMap((peer, i) => {
    const other = others[i];
    if (other === undefined) return [];
    return [
      row(`building, ${members(count)}`, 'ms', peer.name, [own.buildMs], [other.buildMs]),
      row(`one member more, ${members(count)}`, 'ms', peer.name, [own.changeMs], [other.changeMs]),
      row(`memory, ${members(count)}`, 'MB', peer.name, [own.megabytes], [other.megabytes]),
    ];
  });
}

interface Costs {
  readonly buildMs: number;
  readonly changeMs: number;
  readonly megabytes: number;
}

async function costsOf({ build }: Contender, count: number): Promise<Costs> {
  const list = addresses(count);
  const before = await memoryBytes();
  let ring: BuiltRing | undefined;
  const buildMs = cpuMs(() => {
    ring = build(list);
  });
  const megabytes = ((await memoryBytes()) - before) / 2 ** 20;
  let changeMs = Infinity;
  for (let round = 0; round < 5; round++) {
    changeMs = Math.min(
      changeMs,
      cpuMs(() => (ring = ring?.add(`10.255.0.${round}:8080`))),
    );
  }
  if (ring?.owner('user-1') === undefined) throw new Error('the ring owns nothing');
  return { buildMs, changeMs, megabytes };
}

/** What the fullest of a hundred owns, of the average, and what part of the keys moves when one more comes. */
function shareRows(ours: Contender, peer: Contender): Row[] {
  const [own, other] = [ours, peer].map(({ build }) => {
    const ring = build(addresses(SHARE_MEMBERS));
    const keys = Array.from({ length: SHARE_KEYS }, (_, i) => `key-${i}`);
    const before = keys.map((key) => ring.owner(key));
    const counts = new Map<string, number>();
    for (const owner of before) counts.set(owner, (counts.get(owner) ?? 0) + 1);
    const after = ring.add('10.255.0.1:8080');
    const moved = keys.filter((key, i) => after.owner(key) !== before[i]).length;
    return {
      peak: (Math.max(...counts.values()) * SHARE_MEMBERS) / SHARE_KEYS,
      movedPercent: (100 * moved) / SHARE_KEYS,
      lostPercent: (100 * (counts.get('') ?? 0)) / SHARE_KEYS,
    };
  });
  if (own === undefined || other === undefined) return [];
  const name = members(SHARE_MEMBERS);
  return [
    row(`fullest of the average, ${name}`, 'x', peer.name, [own.peak], [other.peak]),
    row(`keys moved to one more, ${name}`, '%', peer.name, [own.movedPercent], [other.movedPercent]),
    row(`keys that nobody owns, ${name}`, '%', peer.name, [own.lostPercent], [other.lostPercent]),
  ];
}

function row(
  name: string,
  unit: string,
  referenceName: string,
  ours: readonly number[],
  reference: readonly number[],
): Row {
  return compareCosts({ group: 'ring', name, unit, referenceName }, ours, reference);
}

function members(count: number): string {
  return `${count.toLocaleString('en')} members`;
}

function addresses(count: number): string[] {
  return Array.from({ length: count }, (_, i) => `10.${i >> 16}.${(i >> 8) & 255}.${i & 255}:8080`);
}

function nanosPerLookup(run: () => void): number {
  return (cpuMs(run) * 1e6) / LOOKUPS;
}

/** CPU time, which other programs on the machine do not lengthen as they do the time on the wall. */
function cpuMs(run: () => void): number {
  const before = process.cpuUsage();
  run();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1000;
}

async function memoryBytes(): Promise<number> {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  // What the first one finds dead outside the heap is freed some time later.
  for (let round = 0; round < 2; round++) {
    collect();
    await setTimeout(50);
  }
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}
