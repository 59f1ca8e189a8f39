import { type Algorithm, MAX_POINTS } from './algorithm.ts';
import type { Circle } from './circle.ts';
import type { Hash64 } from './hash64.ts';
import { type Member, weightOf } from './member.ts';
import type { MemberChange } from './member-change.ts';
import { numberedPoints } from './numbered-points.ts';
import { changeOnCircle, placeOnCircle } from './placed-circle.ts';
import type { Placement } from './placement.ts';
import type { Steps } from './steps.ts';

/** The algorithm, which says that what it makes is a circle. */
interface KargerRing extends Algorithm {
  readonly place: (members: readonly Member[]) => Steps<Circle>;
  readonly change: (placement: Placement, change: MemberChange) => Steps<Circle>;
}

/**
 * The default: a number of points for each unit of weight.
 *
 * Source: Karger et al., "Consistent Hashing and Random Trees" (STOC 1997).
 */
export function kargerRing(pointsPerWeight: number, hash64: Hash64): KargerRing {
  const pointCount = (members: readonly Member[]) =>
    members.reduce((sum, member) => sum + weightOf(member) * pointsPerWeight, 0);
  const place: KargerRing['place'] = (members) => {
    const counts = pointCounts(members.map(weightOf), pointsPerWeight);
    return placeOnCircle(members, ({ hashKey }, index, pace) =>
      numberedPoints(`${hashKey}_`, counts[index] ?? 0, hash64, pace),
    );
  };
  return {
    keyHash: hash64,
    keyHashName: 'xxh64',
    skipEqualsRebuild: true,
    place,
    change: (placement, change) => {
      // Beyond that a member's points depend on the others.
      if (Math.max(pointCount(change.before), pointCount(change.after)) > MAX_POINTS)
        return place(change.after);
      return changeOnCircle(placement, change, (member, _, pace) =>
        numberedPoints(`${member.hashKey}_`, weightOf(member) * pointsPerWeight, hash64, pace),
      );
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
