import { Circle } from './circle.ts';
import type { Hash64 } from './hash64.ts';
import { type Member, sortMembers, weightOf } from './member.ts';
import { checkPolicy, type RingPolicy } from './policy.ts';
import { sortedPoints } from './points.ts';
import { Ring } from './ring.ts';

export type { Hash64 } from './hash64.ts';
export { MAX_WEIGHT, type Member } from './member.ts';
export { DEFAULT_POLICY, type RingPolicy } from './policy.ts';
export type { Ring } from './ring.ts';

/** Most points that one ring may have, which is 50 MB; a ring that would have more is thinned out. */
export const MAX_POINTS = 2 ** 22;

/**
 * Builds the ring of a member list; the order of the list never matters.
 *
 * Blocks for about 0.25 µs per point. Throws a `RangeError` for a wrong policy, for a weight out of range, for an id
 * that occurs twice, and for more than `MAX_POINTS` members.
 */
export function buildRing<M extends Member>(
  members: readonly M[],
  policy: RingPolicy,
  hash64: Hash64,
): Ring<M> {
  checkPolicy(policy);
  const sorted = sortMembers(members);
  const counts = pointCounts(sorted.map(weightOf), policy.pointsPerWeight);
  const hashKeys = sorted.map((member) => member.hashKey);
  const placement = new Circle(sortedPoints(hashKeys, counts, hash64), sorted.length);
  return new Ring(Object.freeze({ ...policy }), Object.freeze(sorted), placement, hash64);
}

/**
 * `weight * pointsPerWeight` points each; beyond `MAX_POINTS` all are halved, rounded down but never to 0,
 * as often as it takes. A member that makes the ring cross that line moves about half of the keys, once.
 */
function pointCounts(weights: readonly number[], pointsPerWeight: number): number[] {
  if (weights.length > MAX_POINTS) throw new RangeError(`a ring has at most ${MAX_POINTS} members`);
  let counts = weights.map((weight) => weight * pointsPerWeight);
  while (counts.reduce((sum, count) => sum + count, 0) > MAX_POINTS) {
    counts = counts.map((count) => (count > 1 ? Math.floor(count / 2) : count));
  }
  return counts;
}
