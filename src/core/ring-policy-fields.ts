import { RollcallError } from './errors.ts';
import { checkPolicy, DEFAULT_POLICY, type RingPolicy } from './ring/index.ts';
import { DEFAULT_SERVICE_POLICY, type ServicePolicy } from './ring-policy.ts';

/** Parameters that a request may leave out, as the program that the algorithm comes from has them. */
const DEFAULTS: { readonly [A in RingPolicy['algorithm']]: Readonly<Record<string, unknown>> } = {
  ring: { pointsPerWeight: DEFAULT_POLICY.pointsPerWeight },
  'bounded-ring': { pointsPerWeight: DEFAULT_POLICY.pointsPerWeight, partitions: 271, maxLoadPercent: 125 },
  maglev: { tableSize: 65_537 },
  rendezvous: {},
  'envoy-ring-hash': { minimumRingSize: 1024, maximumRingSize: 8_388_608, hashFunction: 'xxhash64' },
  'grpc-ring-hash': { minRingSize: 1024, maxRingSize: 4096 },
  'nginx-consistent': {},
  ketama: { variant: 'libketama' },
  'twemproxy-ketama': {},
  'haproxy-consistent': { hashKey: 'id', hashFunction: 'sdbm', avalanche: true },
  jump: {},
};

const LIMITS = { handOverMs: [0, 3_600_000], loadFactorPercent: [100, 1000] } as const;
const MAX_META_LENGTH = 128;

/**
 * A policy from the fields of a request: `algorithm` and its parameters, `hashKeyMeta`, `zoneMeta`, `handOverMs`
 * (0 to 3,600,000) and `loadFactorPercent` (100 to 1,000).
 *
 * What is left out has its default. Throws `invalid_request`, naming the first field that is wrong.
 */
export function ringPolicyFrom(service: string, fields: unknown): ServicePolicy {
  if (typeof fields !== 'object' || fields === null || Array.isArray(fields))
    throw refusal('A policy must be a JSON object');
  const { hashKeyMeta, zoneMeta, handOverMs, loadFactorPercent, ...placement } = {
    hashKeyMeta: DEFAULT_SERVICE_POLICY.hashKeyMeta,
    zoneMeta: DEFAULT_SERVICE_POLICY.zoneMeta,
    handOverMs: DEFAULT_SERVICE_POLICY.handOverMs,
    loadFactorPercent: DEFAULT_SERVICE_POLICY.loadFactorPercent,
    ...(fields as Readonly<Record<string, unknown>>),
  };
  return {
    service,
    placement: placementFrom(placement),
    hashKeyMeta: metaName('hashKeyMeta', hashKeyMeta),
    zoneMeta: metaName('zoneMeta', zoneMeta),
    handOverMs: integer('handOverMs', handOverMs),
    loadFactorPercent: integer('loadFactorPercent', loadFactorPercent),
  };
}

function placementFrom(fields: Readonly<Record<string, unknown>>): RingPolicy {
  const algorithm = fields['algorithm'] ?? DEFAULT_POLICY.algorithm;
  const isKnown = typeof algorithm === 'string' && Object.hasOwn(DEFAULTS, algorithm);
  if (!isKnown)
    throw refusal(
      `"algorithm" must be one of ${Object.keys(DEFAULTS).join(', ')}, not ${JSON.stringify(algorithm).slice(0, 100)}`,
    );
  const policy = { algorithm, ...DEFAULTS[algorithm as RingPolicy['algorithm']], ...fields } as RingPolicy;
  try {
    checkPolicy(policy);
  } catch (error) {
    if (error instanceof RangeError) throw refusal(error.message);
    throw error;
  }
  return policy;
}

function metaName(field: string, value: unknown): string {
  if (typeof value === 'string' && value.length <= MAX_META_LENGTH) return value;
  throw refusal(`"${field}" must be a text of at most ${MAX_META_LENGTH} characters`);
}

function integer(field: keyof typeof LIMITS, value: unknown): number {
  const [from, to] = LIMITS[field];
  if (typeof value === 'number' && Number.isInteger(value) && value >= from && value <= to) return value;
  throw refusal(`"${field}" must be an integer from ${from} to ${to}`);
}

function refusal(detail: string): RollcallError {
  return new RollcallError('invalid_request', detail);
}
