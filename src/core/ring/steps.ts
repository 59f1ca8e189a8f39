/**
 * Work in slices: each `next()` does a bounded piece of it, about a millisecond's worth, and the last one answers.
 *
 * The caller decides when the next slice runs, so that lookups get their turn in between. Dropping it half-way
 * leaves nothing behind.
 */
export type Steps<T> = Generator<undefined, T, undefined>;

/** Does all of it at once. */
export function finish<T>(steps: Steps<T>): T {
  for (;;) {
    const step = steps.next();
    if (step.done === true) return step.value;
  }
}

/** What a slice may do, in units that take about as long as moving a point does. */
const UNITS_PER_STEP = 16_384;

/** What a hash of a short text costs in these units. */
export const HASH_UNITS = 4;
/** What looking at a member costs: it is somewhere in memory, and so is its id. */
export const MEMBER_UNITS = 8;

/** Counts work, so that slices end by how much was done and not by how long it took. */
export class Pace {
  private left = UNITS_PER_STEP;

  /** Counts work done, and answers whether the slice is to end here. */
  isDue(units: number): boolean {
    this.left -= units;
    if (this.left > 0) return false;
    this.left = UNITS_PER_STEP;
    return true;
  }
}
