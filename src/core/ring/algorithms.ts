import { type Algorithm, MAX_POINTS } from './algorithm.ts';
import { Circle } from './circle.ts';
import { haproxyConsistent } from './haproxy-consistent.ts';
import type { Hash64 } from './hash64.ts';
import type { Hashes } from './hashes.ts';
import { jump } from './jump.ts';
import { libketama, libmemcachedKetama, twemproxyKetama } from './ketama.ts';
import { maglev } from './maglev.ts';
import { weightOf } from './member.ts';
import { murmur2 } from './murmur2.ts';
import { nginxConsistent } from './nginx-consistent.ts';
import { sortedPoints } from './points.ts';
import type { RingPolicy } from './policy.ts';
import { proportionalCircle } from './proportional-circle.ts';
import { rendezvous } from './rendezvous.ts';

/** The algorithm of a policy other than `ring`, its parameters checked. */
export function algorithmOf(policy: RingPolicy, hashes: Hashes): Algorithm {
  const { xxh64 } = hashes;
  switch (policy.algorithm) {
    case 'ring':
      return circle(policy.pointsPerWeight, xxh64);
    case 'maglev':
      return maglev(policy.tableSize, hashes);
    case 'rendezvous':
      return rendezvous(xxh64);
    case 'envoy-ring-hash':
      return proportionalCircle({
        minimumSize: policy.minimumRingSize,
        maximumSize: policy.maximumRingSize,
        keyHash: xxh64,
        pointHash: policy.hashFunction === 'murmur2' ? murmur2 : xxh64,
      });
    case 'grpc-ring-hash':
      return proportionalCircle({
        minimumSize: policy.minRingSize,
        maximumSize: policy.maxRingSize,
        keyHash: xxh64,
        pointHash: xxh64,
      });
    case 'nginx-consistent':
      return nginxConsistent();
    case 'ketama':
      return policy.variant === 'libketama' ? libketama(hashes) : libmemcachedKetama();
    case 'twemproxy-ketama':
      return twemproxyKetama(hashes);
    case 'haproxy-consistent':
      return haproxyConsistent(policy);
    case 'jump':
      return jump(xxh64);
  }
}

/** The default: a number of points for each unit of weight (Karger et al., STOC 1997). */
export function circle(pointsPerWeight: number, hash64: Hash64): Algorithm {
  return {
    keyHash: hash64,
    skipEqualsRebuild: true,
    place: (members) => {
      const counts = pointCounts(members.map(weightOf), pointsPerWeight);
      const hashKeys = members.map((member) => member.hashKey);
      return new Circle(sortedPoints(hashKeys, counts, hash64), members.length);
    },
  };
}

/**
 * `weight * pointsPerWeight` points each; beyond `MAX_POINTS` all are halved, rounded down but never to 0,
 * as often as it takes. A member that makes the ring cross that line moves about half of the keys, once.
 */
function pointCounts(weights: readonly number[], pointsPerWeight: number): number[] {
  let counts = weights.map((weight) => weight * pointsPerWeight);
  while (counts.reduce((sum, count) => sum + count, 0) > MAX_POINTS) {
    counts = counts.map((count) => (count > 1 ? Math.floor(count / 2) : count));
  }
  return counts;
}
