import { type Algorithm, MAX_POINTS } from './algorithm.ts';
import { Circle } from './circle.ts';
import type { Hash64 } from './hash64.ts';
import { weightOf } from './member.ts';
import { sortedPoints } from './points.ts';

/**
 * The default: a number of points for each unit of weight.
 *
 * Source: Karger et al., "Consistent Hashing and Random Trees" (STOC 1997).
 */
export function kargerRing(pointsPerWeight: number, hash64: Hash64): Algorithm {
  return {
    keyHash: hash64,
    keyHashName: 'xxh64',
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
