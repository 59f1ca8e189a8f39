import { Circle } from './circle.ts';
import { changedCircle } from './circle-change.ts';
import { circleOf } from './circle-writer.ts';
import type { Member } from './member.ts';
import type { MemberChange } from './member-change.ts';
import type { Placement } from './placement.ts';
import { type PositionsOf, sortedPoints } from './points.ts';
import type { Steps } from './steps.ts';

/** Puts the points of all members on a circle. */
export function* placeOnCircle(members: readonly Member[], positionsOf: PositionsOf): Steps<Circle> {
  return yield* circleOf(yield* sortedPoints(members, positionsOf), members.length);
}

/** `placeOnCircle` of the members after a change; `positionsOf` must depend on the member alone. */
export function* changeOnCircle(
  placement: Placement,
  change: MemberChange,
  positionsOf: PositionsOf,
): Steps<Circle> {
  const changed =
    placement instanceof Circle ? yield* changedCircle(placement, change, positionsOf) : undefined;
  return changed ?? (yield* placeOnCircle(change.after, positionsOf));
}
