/**
 * Work in slices: each `next()` does a piece of it, about a millisecond long at most, and the last one answers.
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
