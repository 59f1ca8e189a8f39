import { type Algorithm, MAX_POINTS } from './algorithm.ts';
import { algorithmOf } from './algorithms.ts';
import type { Hash64 } from './hash64.ts';
import type { Hashes } from './hashes.ts';
import { kargerRing } from './karger-ring.ts';
import { type Member, sortMembers } from './member.ts';
import { checkPolicy, type CirclePolicy, type RingPolicy } from './policy.ts';
import { Ring } from './ring.ts';

export { MAX_POINTS } from './algorithm.ts';
export type { Hash64 } from './hash64.ts';
export type { Hashes } from './hashes.ts';
export { MAX_WEIGHT, type Member } from './member.ts';
export { type CirclePolicy, DEFAULT_POLICY, type RingPolicy } from './policy.ts';
export type { Ring } from './ring.ts';

/**
 * Builds the ring of a member list; the order of the list never matters.
 *
 * The default algorithm blocks for about 0.25 µs per point and needs XXH64 alone. Throws a `RangeError` for a wrong
 * policy, for a weight out of range, for an id that occurs twice, for more than `MAX_POINTS` members, and for
 * members that the algorithm cannot place.
 */
export function buildRing<M extends Member>(
  members: readonly M[],
  policy: CirclePolicy,
  hash64: Hash64,
): Ring<M>;
export function buildRing<M extends Member>(
  members: readonly M[],
  policy: RingPolicy,
  hashes: Hashes,
): Ring<M>;
export function buildRing<M extends Member>(
  members: readonly M[],
  policy: RingPolicy,
  hashes: Hash64 | Hashes,
): Ring<M> {
  checkPolicy(policy);
  const sorted = sortMembers(members);
  if (sorted.length > MAX_POINTS) throw new RangeError(`a ring has at most ${MAX_POINTS} members`);
  const hash64 = typeof hashes === 'function' ? hashes : hashes.xxh64;
  return new Ring(
    Object.freeze({ ...policy }),
    Object.freeze(sorted),
    chosenAlgorithm(policy, hashes),
    hash64,
  );
}

function chosenAlgorithm(policy: RingPolicy, hashes: Hash64 | Hashes): Algorithm {
  if (typeof hashes !== 'function') return algorithmOf(policy, hashes);
  if (policy.algorithm === 'ring') return kargerRing(policy.pointsPerWeight, hashes);
  throw new TypeError(`the algorithm ${policy.algorithm} needs all hash functions, not XXH64 alone`);
}
