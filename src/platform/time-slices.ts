import type { Clock } from './clock.ts';

/** Long enough for the pauses to cost little, and short enough for nobody to notice. */
const SLICE_MS = 4;

/** Cuts long work into slices, between which everybody else has a turn of the event loop. */
export class TimeSlices {
  readonly #clock: Clock;
  #endsAt: number;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#endsAt = clock.monotonic() + SLICE_MS;
  }

  /** Whether it is time to call `next`. */
  get isOver(): boolean {
    return this.#clock.monotonic() >= this.#endsAt;
  }

  /** Resolves when others have had a turn, and begins the next slice. */
  async next(): Promise<void> {
    await new Promise((resolve) => setImmediate(resolve));
    this.#endsAt = this.#clock.monotonic() + SLICE_MS;
  }
}
