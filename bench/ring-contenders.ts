import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import type * as RingModule from '../src/core/ring/index.ts';
import { here } from './programs.ts';

const PEERS = here('../.peers/ring');
/** Versions are part of the result. */
const PACKAGES = { hashring: '3.2.0', 'node-hashring': '1.0.2', 'xxhash-wasm': '1.1.0' };
const INSTALL_TIMEOUT_MS = 120_000;

/** A ring that takes part: built of the addresses of its members, it answers with the address of an owner. */
export interface Contender {
  readonly name: string;
  readonly build: (addresses: readonly string[]) => BuiltRing;
}

export interface BuiltRing {
  readonly owner: (key: string) => string;
  /** Takes in one more member; answers the ring with it. */
  readonly add: (address: string) => BuiltRing;
}

/** Ours first; those of others as far as they can be had. */
export async function contenders(): Promise<[ours: Contender, ...peers: Contender[]]> {
  const ours = await rollcall();
  if (!install()) return [ours];
  const load = createRequire(join(PEERS, 'index.js'));
  const peer = (name: keyof typeof PACKAGES): unknown => load(name);
  const loadWasm = peer('xxhash-wasm') as () => Promise<{ h64: (text: string) => bigint }>;
  return [
    ours,
    hashring(peer('hashring') as HashRingClass),
    nodeHashring(peer('node-hashring') as NodeHashRingClass),
    grpcRing((await loadWasm()).h64),
  ];
}

async function rollcall(): Promise<Contender> {
  const ring = (await import(
    new URL('../dist/core/ring/index.js', import.meta.url).href
  )) as typeof RingModule;
  const wrap = (one: RingModule.Ring): BuiltRing => ({
    owner: (key) => one.owner(key)?.hashKey ?? '',
    add: (address) => wrap(one.with({ put: [{ id: address, hashKey: address }] })),
  });
  return {
    name: 'Rollcall',
    build: (addresses) => {
      const members = addresses.map((address) => ({ id: address, hashKey: address }));
      return wrap(ring.buildRing(members, ring.DEFAULT_POLICY, ring.pureHashes));
    },
  };
}

type HashRingClass = new (servers: readonly string[]) => {
  get(key: string): string;
  add(server: string): void;
};

/** With its cache of 5,000 keys, as it comes; the bench asks for more keys than that. */
function hashring(HashRing: HashRingClass): Contender {
  return {
    name: 'hashring',
    build: (addresses) => {
      const ring = new HashRing([...addresses]);
      const built: BuiltRing = {
        owner: (key) => ring.get(key),
        add: (address) => {
          ring.add(address);
          return built;
        },
      };
      return built;
    },
  };
}

type NodeHashRingClass = new (nodes: readonly string[]) => {
  findNode(key: string): string | undefined;
  addNode(node: string): void;
};

function nodeHashring(HashRing: NodeHashRingClass): Contender {
  return {
    name: 'node-hashring',
    build: (addresses) => {
      const ring = new HashRing([...addresses]);
      const built: BuiltRing = {
        // Some keys have none: it leaves room for points that it drops when two collide.
        owner: (key) => ring.findNode(key) ?? '',
        add: (address) => {
          ring.addNode(address);
          return built;
        },
      };
      return built;
    },
  };
}

const GRPC_POINTS_PER_MEMBER = 256;

/**
 * The algorithm of grpc-js' `ring_hash`, which its package does not expose: objects with a bigint each, sorted, and a
 * binary search. Its ring sizes are set to as many points per member as Rollcall has, so that the owners are the same.
 */
function grpcRing(h64: (text: string) => bigint): Contender {
  const build = (addresses: readonly string[]): BuiltRing => {
    const entries = addresses.flatMap((address) =>
      Array.from({ length: GRPC_POINTS_PER_MEMBER }, (_, i) => ({ address, hash: h64(`${address}_${i}`) })),
    );
    entries.sort((a, b) => (a.hash < b.hash ? -1 : a.hash > b.hash ? 1 : 0));
    return {
      owner: (key) => {
        const hash = h64(key);
        let from = 0;
        let to = entries.length;
        while (from < to) {
          const middle = (from + to) >> 1;
          if ((entries[middle]?.hash ?? 0n) < hash) from = middle + 1;
          else to = middle;
        }
        return entries[from === entries.length ? 0 : from]?.address ?? '';
      },
      add: (address) => build([...addresses, address]),
    };
  };
  return { name: 'grpc-js', build };
}

/** Puts the peers' packages where only this bench finds them; false where they cannot be had. */
function install(): boolean {
  if (existsSync(join(PEERS, 'node_modules', 'node-hashring'))) return true;
  const wanted = Object.entries(PACKAGES).map(([name, version]) => `${name}@${version}`);
  const npm = join(dirname(process.execPath), 'npm');
  const { status } = spawnSync(
    existsSync(npm) ? npm : 'npm',
    ['install', '--prefix', PEERS, '--ignore-scripts', '--no-audit', '--no-fund', ...wanted],
    { timeout: INSTALL_TIMEOUT_MS, stdio: ['ignore', 'ignore', 'inherit'] },
  );
  if (status !== 0)
    console.error('the packages to compare with cannot be installed: only Rollcall is measured');
  return status === 0;
}
