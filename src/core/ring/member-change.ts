import { compareMembers, type Member, quote, sortMemberSteps, wellFormed } from './member.ts';
import { MEMBER_UNITS, Pace, type Steps } from './steps.ts';

/** What changes in a member list. */
export interface RingChange<M extends Member = Member> {
  /** Members to add, or to take the place of those with their ids. */
  readonly put?: readonly M[];
  /** Ids of members to remove. */
  readonly remove?: readonly string[];
}

/** A change as it concerns places; both lists are in canonical order. */
export interface MemberChange<M extends Member = Member> {
  readonly before: readonly M[];
  readonly after: readonly M[];
  /** Index after by index before; -1 for a member that left. */
  readonly indexAfter: Int32Array;
  /** Indexes before and after of the members put and removed; -1 where there is none. */
  readonly changed: readonly { readonly from: number; readonly to: number }[];
}

/**
 * Applies a change to members in canonical order.
 *
 * Throws a `RangeError` for an id to remove that no member has, for one that is named twice, and as `buildRing` does.
 */
export function* changeMembers<M extends Member>(
  before: readonly M[],
  { put = [], remove = [] }: RingChange<M>,
): Steps<MemberChange<M>> {
  const pace = new Pace();
  const coming = yield* sortMemberSteps(put);
  const named = new Map(coming.map(({ id }) => [wellFormed(id), -1]));
  for (const id of remove) {
    if (named.has(wellFormed(id))) throw new RangeError(`the change names member id ${quote(id)} twice`);
    named.set(wellFormed(id), -1);
  }
  for (const [index, { id }] of before.entries()) {
    const key = wellFormed(id);
    if (named.has(key)) named.set(key, index);
    if (pace.isDue(MEMBER_UNITS)) yield;
  }
  const unknown = remove.find((id) => named.get(wellFormed(id)) === -1);
  if (unknown !== undefined) throw new RangeError(`no member has the id ${quote(unknown)}`);
  const placed = yield* merge(before, coming, new Set(named.values()), pace);
  const changed = coming.map((member, i) => {
    const from = named.get(wellFormed(member.id)) ?? -1;
    const to = placed.comingAt[i] ?? -1;
    if (from >= 0) placed.indexAfter[from] = to;
    return { from, to };
  });
  for (const id of remove) changed.push({ from: named.get(wellFormed(id)) ?? -1, to: -1 });
  return { before, after: placed.after, indexAfter: placed.indexAfter, changed };
}

/** Puts what comes between what stays, all of it in canonical order. */
function* merge<M extends Member>(
  before: readonly M[],
  coming: readonly M[],
  leaving: ReadonlySet<number>,
  pace: Pace,
): Steps<{ after: M[]; comingAt: number[]; indexAfter: Int32Array }> {
  const after: M[] = [];
  const comingAt: number[] = [];
  const indexAfter = new Int32Array(before.length).fill(-1);
  let done = 0;
  for (const member of [...coming, undefined]) {
    for (const end = member === undefined ? before.length : placeOf(member, before); done < end; done++) {
      const kept = before[done];
      if (kept !== undefined && !leaving.has(done)) indexAfter[done] = after.push(kept) - 1;
      if (pace.isDue(1)) yield;
    }
    if (member !== undefined) comingAt.push(after.push(member) - 1);
    // Finding the place compares it with a dozen others.
    if (pace.isDue(8 * MEMBER_UNITS)) yield;
  }
  return { after, comingAt, indexAfter };
}

/** How many members come before one. */
function placeOf(member: Member, members: readonly Member[]): number {
  let [from, to] = [0, members.length];
  while (from < to) {
    const middle = (from + to) >>> 1;
    const other = members[middle];
    if (other !== undefined && compareMembers(other, member) < 0) from = middle + 1;
    else to = middle;
  }
  return from;
}
