import type { Clock } from '../platform/clock.ts';
import type { Random } from '../platform/random.ts';

/** A bucket holds what comes in so many seconds, so that only a lasting herd is held back. */
const BURST_SECONDS = 2;
const MAX_RETRY_SECONDS = 30;

interface Deps {
  readonly clock: Clock;
  readonly random: Random;
  /** Most per second; 0 admits everything. */
  readonly ratePerSecond: number;
}

/**
 * Lets so many requests per second in, as when thousands of clients register again at once after an outage.
 *
 * The others are told when to come back, at random over the time that all of them will take.
 */
export class Admission {
  readonly #deps: Deps;
  #tokens: number;
  #filledAt: number;
  /** Refused since the bucket was last full. */
  #waiting = 0;
  #refused = 0;

  constructor(deps: Deps) {
    this.#deps = deps;
    this.#tokens = deps.ratePerSecond * BURST_SECONDS;
    this.#filledAt = deps.clock.monotonic();
  }

  /** Requests refused since the start. */
  get refused(): number {
    return this.#refused;
  }

  /** Undefined where the request is let in; else after how many seconds it should be tried again, from 1 to 30. */
  take(): number | undefined {
    const { ratePerSecond, random } = this.#deps;
    if (ratePerSecond === 0) return undefined;
    this.#fill();
    if (this.#tokens >= 1) {
      this.#tokens--;
      return undefined;
    }
    this.#refused++;
    this.#waiting++;
    const spreadSeconds = Math.min(MAX_RETRY_SECONDS, 1 + this.#waiting / ratePerSecond);
    return 1 + Math.floor(random.fraction() * spreadSeconds);
  }

  #fill(): void {
    const { clock, ratePerSecond } = this.#deps;
    const now = clock.monotonic();
    const most = ratePerSecond * BURST_SECONDS;
    this.#tokens = Math.min(most, this.#tokens + ((now - this.#filledAt) * ratePerSecond) / 1000);
    this.#filledAt = now;
    if (this.#tokens === most) this.#waiting = 0;
  }
}
