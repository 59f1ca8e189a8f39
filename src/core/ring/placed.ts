import type { Algorithm } from './algorithm.ts';
import { type Member, weightOf } from './member.ts';
import type { MemberChange } from './member-change.ts';
import type { Placement } from './placement.ts';
import type { Steps } from './steps.ts';

/** Whether a member may be answered now; must not depend on the key. */
export type IsAvailable<M> = (member: M) => boolean;

/** Some of the members of a ring, where they are. */
export interface Placed<M> {
  readonly members: readonly M[];
  readonly placement: Placement;
  /** How many of them have weight. */
  readonly weighted: number;
}

export function* placeMembers<M extends Member>(
  algorithm: Algorithm,
  members: readonly M[],
): Steps<Placed<M>> {
  return placed(members, yield* algorithm.place(members));
}

/** `placeMembers` of the members after a change, which were `before` it. */
export function* changePlaced<M extends Member>(
  algorithm: Algorithm,
  before: Placed<M>,
  change: MemberChange<M>,
): Steps<Placed<M>> {
  const steps = algorithm.change?.(before.placement, change) ?? algorithm.place(change.after);
  return placed(change.after, yield* steps);
}

function placed<M extends Member>(members: readonly M[], placement: Placement): Placed<M> {
  return { members, placement, weighted: members.filter((member) => weightOf(member) > 0).length };
}

/** Visits the distinct available members for a hash, owner first, until `visit` answers false. */
export function visitMembers<M>(
  { members, placement, weighted }: Placed<M>,
  hash: Uint32Array,
  visit: (member: M) => boolean,
  isAvailable?: IsAvailable<M>,
): void {
  const seen = new Set<number>();
  placement.walk(hash[0] ?? 0, hash[1] ?? 0, (index) => {
    if (seen.has(index)) return true;
    seen.add(index);
    const member = members[index];
    const isWanted = member !== undefined && (isAvailable === undefined || isAvailable(member));
    return (!isWanted || visit(member)) && seen.size < weighted;
  });
}
