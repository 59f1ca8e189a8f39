import { type Member, weightOf } from './member.ts';
import { MEMBER_UNITS, type Pace, type Steps } from './steps.ts';

/** How evenly a ring spreads the keys. */
export interface Balance {
  /** Share of all keys, 0..1, by member id; members that own nothing included. */
  readonly shares: ReadonlyMap<string, number>;
  /** What the fullest member owns for its weight, of the average; 0 when nobody owns anything. */
  readonly peakToAverage: number;
}

/** `shares` by the index of the member. */
export function* balanceOf(members: readonly Member[], shares: Float64Array, pace: Pace): Steps<Balance> {
  const total = members.reduce((sum, member) => sum + weightOf(member), 0);
  const byId = new Map<string, number>();
  let peakToAverage = 0;
  for (const [index, member] of members.entries()) {
    const share = shares[index] ?? 0;
    byId.set(member.id, share);
    const weight = weightOf(member);
    if (weight > 0) peakToAverage = Math.max(peakToAverage, (share * total) / weight);
    if (pace.isDue(MEMBER_UNITS)) yield;
  }
  return { shares: byId, peakToAverage };
}
