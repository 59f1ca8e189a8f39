import type { Clock } from './clock.ts';
import { TimeSlices } from './time-slices.ts';

/** Goes through many items in slices, the first of which is at once; beginning anew ends the walk before. */
export class SlicedWalk {
  readonly #clock: Clock;
  #walks = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Resolves when all have been visited, with false where `end` or another walk came first. */
  async begin<T>(items: Iterable<T>, visit: (item: T) => void): Promise<boolean> {
    const walk = ++this.#walks;
    const slices = new TimeSlices(this.#clock);
    for (const item of items) {
      if (slices.isOver) {
        await slices.next();
        if (walk !== this.#walks) return false;
      }
      visit(item);
    }
    return true;
  }

  end(): void {
    this.#walks++;
  }
}
