import { type Algorithm, checkPointCount } from './algorithm.ts';
import type { Hash64 } from './hash64.ts';
import { weightOf } from './member.ts';
import { numberedPoints } from './numbered-points.ts';
import { placeOnCircle } from './placed-circle.ts';

/** What differs between the programs that stretch a ring over their hosts. */
interface Stretch {
  readonly minimumSize: number;
  readonly maximumSize: number;
  readonly keyHash: Hash64;
  readonly pointHash: Hash64;
}

/**
 * Envoy's `ring_hash` and gRPC's `ring_hash_experimental`: a ring of about fixed size, shared out by weight.
 *
 * Points of a host depend on how many hosts there are, so a host that leaves moves keys between others.
 * Sources: envoy/source/extensions/load_balancing_policies/ring_hash/ring_hash_lb.cc, and
 * grpc-go balancer/ringhash/ring.go with gRFC A42, both of which run the same sums.
 */
export function proportionalCircle({ minimumSize, maximumSize, keyHash, pointHash }: Stretch): Algorithm {
  return {
    keyHash,
    keyHashName: 'xxh64',
    skipEqualsRebuild: false,
    place: (members) => {
      const counts = stretchedCounts(members.map(weightOf), minimumSize, maximumSize);
      return placeOnCircle(members, ({ hashKey }, index, pace) =>
        numberedPoints(`${hashKey}_`, counts[index] ?? 0, pointHash, pace),
      );
    },
  };
}

/** In doubles and in this order, for the rounding is part of the placement. */
function stretchedCounts(weights: readonly number[], minimumSize: number, maximumSize: number): number[] {
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  const shares = weights.map((weight) => weight / total);
  const least = shares.reduce((low, share) => (share > 0 && share < low ? share : low), 1);
  const scale = Math.min(Math.ceil(least * minimumSize) / least, maximumSize);
  // The bound falls as members leave, so a ring that may be built never fails for fewer members.
  if (total > 0) checkPointCount(Math.ceil(Math.min(minimumSize + 1 / least, maximumSize)));
  let target = 0;
  let placed = 0;
  return shares.map((share) => {
    if (!(share > 0)) return 0;
    target += scale * share;
    const from = placed;
    while (placed < target) placed++;
    return placed - from;
  });
}
