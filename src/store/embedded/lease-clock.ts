import type { Clock } from '../../platform/clock.ts';
import { SWEEP_CLAMP_MS } from '../store.ts';

interface Leader {
  readonly sweeper: string;
  readonly sweptAtMs: number;
}

/**
 * The logical clock of leases: moved only by sweeps, each time by at most `SWEEP_CLAMP_MS`.
 *
 * The first sweep after the start moves it by nothing, since nobody knows how long nobody swept.
 */
export class LeaseClock {
  readonly #clock: Clock;
  #nowMs = 0;
  #resumedAtMs = 0;
  #sweptAtMs: number | undefined;
  #leader: Leader | undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** As the last sweep left it: what decides whether a lease is due. */
  get nowMs(): number {
    return this.#nowMs;
  }

  /** As a sweep at this moment would leave it: what a TTL counts from, or its lease would be cut short. */
  get upcomingMs(): number {
    return this.#nowMs + Math.min(this.#elapsedMs(this.#atMs()), SWEEP_CLAMP_MS);
  }

  get resumedAtMs(): number {
    return this.#resumedAtMs;
  }

  /** Continues where the clock stood when it was last stored. */
  start(nowMs: number): void {
    this.#nowMs = nowMs;
    this.#resumedAtMs = nowMs;
  }

  /** Marks a change of epoch. */
  resume(): void {
    this.#resumedAtMs = this.upcomingMs;
  }

  /** Advances the clock; answers whether this sweeper leads. */
  sweep(sweeper: string): boolean {
    const atMs = this.#atMs();
    const elapsedMs = this.#elapsedMs(atMs);
    this.#sweptAtMs = atMs;
    this.#nowMs += Math.min(elapsedMs, SWEEP_CLAMP_MS);
    if (elapsedMs > SWEEP_CLAMP_MS) this.#resumedAtMs = this.#nowMs;

    const leader = this.#leader;
    const leads =
      leader === undefined || leader.sweeper === sweeper || atMs - leader.sweptAtMs >= SWEEP_CLAMP_MS;
    if (leads) this.#leader = { sweeper, sweptAtMs: atMs };
    return leads;
  }

  #elapsedMs(atMs: number): number {
    return atMs - (this.#sweptAtMs ?? atMs);
  }

  #atMs(): number {
    return Math.floor(this.#clock.monotonic());
  }
}
