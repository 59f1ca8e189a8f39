/**
 * How a ring places its members: the algorithm and its parameters.
 *
 * docs/ring.md has a section for each algorithm.
 */
export type RingPolicy =
  | CirclePolicy
  | BoundedRingPolicy
  | MaglevPolicy
  | EnvoyRingHashPolicy
  | GrpcRingHashPolicy
  | KetamaPolicy
  | HaproxyPolicy
  | { readonly algorithm: 'rendezvous' | 'nginx-consistent' | 'twemproxy-ketama' | 'jump' };

/** `pointsPerWeight`: points of one weight unit, 1..65,536. More points balance better and cost 12 bytes each. */
export interface CirclePolicy {
  readonly algorithm: 'ring';
  readonly pointsPerWeight: number;
}

/** `partitions`: 1..65,536 equal parts of the keys; `maxLoadPercent`: 100..1,000, the bound on a member's share. */
export interface BoundedRingPolicy {
  readonly algorithm: 'bounded-ring';
  readonly pointsPerWeight: number;
  readonly partitions: number;
  readonly maxLoadPercent: number;
}

/** `tableSize`: entries of the lookup table, a prime of 2..5,000,011; Envoy's default is 65,537. */
export interface MaglevPolicy {
  readonly algorithm: 'maglev';
  readonly tableSize: number;
}

/** Ring sizes 1..8,388,608, by default 1,024 and 8,388,608; keys are hashed with XXH64 whatever `hashFunction` is. */
export interface EnvoyRingHashPolicy {
  readonly algorithm: 'envoy-ring-hash';
  readonly minimumRingSize: number;
  readonly maximumRingSize: number;
  /** What hashes the points. */
  readonly hashFunction: 'xxhash64' | 'murmur2';
}

/** Ring sizes 1..8,388,608, by default 1,024 and 4,096. */
export interface GrpcRingHashPolicy {
  readonly algorithm: 'grpc-ring-hash';
  readonly minRingSize: number;
  readonly maxRingSize: number;
}

/** `variant`: the program; `libmemcached` is its unweighted `MEMCACHED_BEHAVIOR_KETAMA`. */
export interface KetamaPolicy {
  readonly algorithm: 'ketama';
  readonly variant: 'libketama' | 'libmemcached';
}

/** The directives of a HAProxy backend, named as there. */
export interface HaproxyPolicy {
  readonly algorithm: 'haproxy-consistent';
  /** What of a server is hashed: its numeric id, its GUID, its address, or address and port. */
  readonly hashKey: 'id' | 'id32' | 'guid' | 'addr' | 'addr-port';
  /** What hashes keys. */
  readonly hashFunction: 'sdbm' | 'djb2' | 'wt6' | 'crc32';
  /** Whether the key's hash is mixed once more: yes where the directive names no function. */
  readonly avalanche: boolean;
}

/** 256 points per weight unit: the fullest of 10 members owns about 1.1 times the average, of 10,000 about 1.25. */
export const DEFAULT_POLICY: CirclePolicy = Object.freeze({ algorithm: 'ring', pointsPerWeight: 256 });

type Limits = readonly [from: number, to: number] | readonly (string | boolean)[];

const RING_SIZE = [1, 2 ** 23] as const;

/** The parameters of each algorithm: a range of integers, or all the values there are. */
const PARAMETERS: Readonly<Record<RingPolicy['algorithm'], Readonly<Record<string, Limits>>>> = {
  ring: { pointsPerWeight: [1, 65_536] },
  'bounded-ring': { pointsPerWeight: [1, 65_536], partitions: [1, 65_536], maxLoadPercent: [100, 1000] },
  maglev: { tableSize: [2, 5_000_011] },
  rendezvous: {},
  'envoy-ring-hash': {
    minimumRingSize: RING_SIZE,
    maximumRingSize: RING_SIZE,
    hashFunction: ['xxhash64', 'murmur2'],
  },
  'grpc-ring-hash': { minRingSize: RING_SIZE, maxRingSize: RING_SIZE },
  'nginx-consistent': {},
  ketama: { variant: ['libketama', 'libmemcached'] },
  'twemproxy-ketama': {},
  'haproxy-consistent': {
    hashKey: ['id', 'id32', 'guid', 'addr', 'addr-port'],
    hashFunction: ['sdbm', 'djb2', 'wt6', 'crc32'],
    avalanche: [true, false],
  },
  jump: {},
};

/** Throws a `RangeError` that names the first parameter that is wrong. */
export function checkPolicy(policy: RingPolicy): void {
  // A policy may come from a stored record, which no compiler has seen.
  const given = new Map<string, unknown>(Object.entries(policy));
  if (!Object.hasOwn(PARAMETERS, policy.algorithm)) {
    throw new RangeError(`unknown ring algorithm "${policy.algorithm}"`);
  }
  const parameters = PARAMETERS[policy.algorithm];
  for (const [name, limits] of Object.entries(parameters)) checkParameter(name, given.get(name), limits);
  for (const name of given.keys()) {
    if (name !== 'algorithm' && !Object.hasOwn(parameters, name)) {
      throw new RangeError(`${policy.algorithm} has no parameter "${name}"`);
    }
  }
  checkTogether(policy);
}

/** The parameters as `name=value` in the order of their documentation. */
export function parameterTexts(policy: RingPolicy): string[] {
  const values = new Map<string, unknown>(Object.entries(policy));
  return Object.keys(PARAMETERS[policy.algorithm]).map((name) => `${name}=${String(values.get(name))}`);
}

function checkParameter(name: string, value: unknown, limits: Limits): void {
  const [from, to] = limits;
  if (typeof from !== 'number' || typeof to !== 'number') {
    if (!limits.some((one) => one === value)) {
      throw new RangeError(`${name} must be one of ${limits.join(', ')}, not ${String(value)}`);
    }
  } else if (typeof value !== 'number' || !Number.isInteger(value) || value < from || value > to) {
    throw new RangeError(`${name} must be an integer from ${from} to ${to}, not ${String(value)}`);
  }
}

function checkTogether(policy: RingPolicy): void {
  if (policy.algorithm === 'maglev' && !isPrime(policy.tableSize)) {
    throw new RangeError(`tableSize must be a prime, not ${policy.tableSize}`);
  }
  if (policy.algorithm === 'envoy-ring-hash' && policy.minimumRingSize > policy.maximumRingSize) {
    throw new RangeError('minimumRingSize must not exceed maximumRingSize');
  }
  if (policy.algorithm === 'grpc-ring-hash' && policy.minRingSize > policy.maxRingSize) {
    throw new RangeError('minRingSize must not exceed maxRingSize');
  }
}

function isPrime(value: number): boolean {
  for (let divisor = 2; divisor * divisor <= value; divisor++) if (value % divisor === 0) return false;
  return value > 1;
}
