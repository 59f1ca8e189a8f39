/**
 * How a ring places its members: the algorithm and its parameters.
 *
 * `pointsPerWeight`: points of one weight unit, 1..65,536. More points balance better and cost
 * 12 bytes each.
 */
export interface RingPolicy {
  readonly algorithm: 'ring';
  readonly pointsPerWeight: number;
}

/** 256 points per weight unit: the fullest of 10 members owns about 1.1 times the average, of 10,000 about 1.25. */
export const DEFAULT_POLICY: RingPolicy = Object.freeze({ algorithm: 'ring', pointsPerWeight: 256 });

/** Highest `pointsPerWeight` that a policy may ask for. */
const MAX_POINTS_PER_WEIGHT = 65_536;

/** Throws a `RangeError` that names the first parameter that is wrong. */
export function checkPolicy(policy: RingPolicy): void {
  // A policy may come from a stored record, which no compiler has seen.
  const algorithm: string = policy.algorithm;
  if (algorithm !== 'ring') throw new RangeError(`unknown ring algorithm "${algorithm}"`);
  const { pointsPerWeight } = policy;
  if (!Number.isInteger(pointsPerWeight) || pointsPerWeight < 1 || pointsPerWeight > MAX_POINTS_PER_WEIGHT) {
    throw new RangeError(
      `pointsPerWeight must be an integer from 1 to ${MAX_POINTS_PER_WEIGHT}, not ${pointsPerWeight}`,
    );
  }
}
