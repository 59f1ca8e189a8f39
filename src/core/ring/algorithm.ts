import type { Hash64 } from './hash64.ts';
import type { Member } from './member.ts';
import type { MemberChange } from './member-change.ts';
import type { Placement } from './placement.ts';
import type { Steps } from './steps.ts';

/** Most points that one ring may have, which is 50 MB; a ring that would have more is thinned out or refused. */
export const MAX_POINTS = 2 ** 22;

/** One way to place members, its parameters and hash functions already chosen. */
export interface Algorithm {
  /** Position of a key; an algorithm of 32 bits leaves the low half 0. */
  readonly keyHash: Hash64;
  /** Names `keyHash`: equal names, equal positions of all keys. */
  readonly keyHashName: string;
  /**
   * Whether passing over unavailable members places every key as a ring without them does.
   *
   * Where it is false, a lookup among available members asks a placement made of these alone.
   */
  readonly skipEqualsRebuild: boolean;
  /** Places members that are in canonical order. Throws a `RangeError` for members that it cannot place. */
  readonly place: (members: readonly Member[]) => Steps<Placement>;
  /** What `place` makes of the members after a change, from what it made of those before; where that is quicker. */
  readonly change?: (placement: Placement, change: MemberChange) => Steps<Placement>;
}

/** Throws a `RangeError` when a dialect, whose number of points is not ours to change, asks for too many. */
export function checkPointCount(count: number): void {
  if (count > MAX_POINTS) {
    throw new RangeError(`a ring has at most ${MAX_POINTS} points; these weights ask for ${count}`);
  }
}
