import { type Member, weightOf } from './member.ts';

/** How evenly a ring spreads the keys. */
export interface Balance {
  /** Share of all keys, 0..1, by member id; members that own nothing included. */
  readonly shares: ReadonlyMap<string, number>;
  /** What the fullest member owns for its weight, of the average; 0 when nobody owns anything. */
  readonly peakToAverage: number;
}

/** `shares` by the index of the member. */
export function balanceOf(members: readonly Member[], shares: Float64Array): Balance {
  const total = members.reduce((sum, member) => sum + weightOf(member), 0);
  const loads = members.map((member, index) => {
    const weight = weightOf(member);
    return weight === 0 ? 0 : ((shares[index] ?? 0) * total) / weight;
  });
  return {
    shares: new Map(members.map(({ id }, index) => [id, shares[index] ?? 0])),
    peakToAverage: loads.reduce((most, load) => Math.max(most, load), 0),
  };
}
