import fc from 'fast-check';
import type { Member, RingPolicy } from '../../../src/core/ring/index.ts';

/** All but its `hashKey`. */
export const haproxy = { algorithm: 'haproxy-consistent', hashFunction: 'sdbm', avalanche: true } as const;

/** Every algorithm, with parameters small enough for many small rings. */
export const POLICIES: readonly RingPolicy[] = [
  { algorithm: 'ring', pointsPerWeight: 7 },
  { algorithm: 'bounded-ring', pointsPerWeight: 7, partitions: 61, maxLoadPercent: 125 },
  { algorithm: 'maglev', tableSize: 251 },
  { algorithm: 'rendezvous' },
  { algorithm: 'envoy-ring-hash', minimumRingSize: 64, maximumRingSize: 128, hashFunction: 'xxhash64' },
  { algorithm: 'envoy-ring-hash', minimumRingSize: 64, maximumRingSize: 128, hashFunction: 'murmur2' },
  { algorithm: 'grpc-ring-hash', minRingSize: 64, maxRingSize: 128 },
  { algorithm: 'nginx-consistent' },
  { algorithm: 'ketama', variant: 'libketama' },
  { algorithm: 'ketama', variant: 'libmemcached' },
  { algorithm: 'twemproxy-ketama' },
  { ...haproxy, hashKey: 'id' },
  { ...haproxy, hashKey: 'addr' },
  { ...haproxy, hashKey: 'addr-port' },
  { algorithm: 'jump' },
];

export function titleOf(policy: RingPolicy): string {
  return Object.values(policy).join(' ');
}

/** Text with NUL, lone surrogates and characters of every length in UTF-8. */
export const hostileText = fc
  .array(fc.oneof(fc.nat(0x7f), fc.integer({ min: 0xd7fe, max: 0xe001 }), fc.nat(0xffff)), { maxLength: 12 })
  .map((units) => String.fromCharCode(...units));
export const key = fc.oneof(
  fc.nat(9_999).map((n) => `user-${n}`),
  hostileText,
);
export const keys = fc.array(key, { minLength: 1, maxLength: 10 });
/** A member that every algorithm accepts; some share a hash key. */
export const member: fc.Arbitrary<Member> = fc.record({
  id: fc.integer({ min: 1, max: 5000 }).map(String),
  hashKey: fc.nat(20).map((n) => `10.0.${n}.7:80${n % 3}`),
  weight: fc.integer({ min: 0, max: 4 }),
});
export const members = fc.uniqueArray(member, { maxLength: 8, selector: ({ id }) => id });
