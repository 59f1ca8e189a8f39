import type { Algorithm } from './algorithm.ts';
import { algorithmOf } from './algorithms.ts';
import type { Hash64 } from './hash64.ts';
import type { Hashes } from './hashes.ts';
import { kargerRing } from './karger-ring.ts';
import { type Member, sortMemberSteps } from './member.ts';
import { checkPolicy, type CirclePolicy, type RingPolicy } from './policy.ts';
import { type Ring, ringOf } from './ring.ts';
import { finish, type Steps } from './steps.ts';

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
  return finish(
    typeof hashes === 'function'
      ? ringSteps(members, policy, xxh64Alone(policy, hashes), hashes)
      : buildRingSteps(members, policy, hashes),
  );
}

/** `buildRing` in slices. */
export function* buildRingSteps<M extends Member>(
  members: readonly M[],
  policy: RingPolicy,
  hashes: Hashes,
): Steps<Ring<M>> {
  checkPolicy(policy);
  return yield* ringSteps(members, policy, algorithmOf(policy, hashes), hashes.xxh64);
}

function* ringSteps<M extends Member>(
  members: readonly M[],
  policy: RingPolicy,
  algorithm: Algorithm,
  hash64: Hash64,
): Steps<Ring<M>> {
  const sorted = yield* sortMemberSteps(members);
  return yield* ringOf(Object.freeze({ ...policy }), Object.freeze(sorted), algorithm, hash64);
}

function xxh64Alone(policy: RingPolicy, hash64: Hash64): Algorithm {
  checkPolicy(policy);
  if (policy.algorithm === 'ring') return kargerRing(policy.pointsPerWeight, hash64);
  throw new TypeError(`the algorithm ${policy.algorithm} needs all hash functions, not XXH64 alone`);
}
