import type { Clock } from '../platform/clock.ts';

/** So many wakes of one topic within a second are never delayed. */
const FREE_WAKES = 10;
const WINDOW_MS = 1000;
/** Beyond those, changes of a topic that come within this time wake its waiters once. */
const HOLD_MS = 50;
const MAX_TOPICS = 10_000;
/** Locks and configuration are waited for by those who want them at once. */
const NEVER_HELD = /^(kv|sessions?|locks|events|queries|ring|settings?)\b/;

interface Wakes {
  readonly sinceMs: number;
  count: number;
}

/** Spares waiters of a topic that changes all the time, as a service does whose instances flap. */
export class WakeRate {
  readonly #clock: Clock;
  readonly #release: (topics: readonly string[]) => void;
  readonly #wakes = new Map<string, Wakes>();
  readonly #held = new Set<string>();

  /** `release` is called with topics that were held, and whose waiters are to be woken now. */
  constructor(clock: Clock, release: (topics: readonly string[]) => void) {
    this.#clock = clock;
    this.#release = release;
  }

  isHeld(topics: readonly string[]): boolean {
    return this.#held.size > 0 && topics.some((topic) => this.#held.has(topic));
  }

  /** Whether the topic's waiters shall not be woken now but soon; counts it as a wake where they shall. */
  hold(topic: string): boolean {
    if (this.#held.has(topic)) return true;
    if (NEVER_HELD.test(topic)) return false;
    const now = this.#clock.monotonic();
    const wakes = this.#wakes.get(topic);
    if (wakes === undefined || now - wakes.sinceMs >= WINDOW_MS) {
      if (this.#wakes.size >= MAX_TOPICS) this.#wakes.clear();
      this.#wakes.set(topic, { sinceMs: now, count: 1 });
      return false;
    }
    if (++wakes.count <= FREE_WAKES) return false;
    if (this.#held.size === 0) setTimeout(() => this.#releaseAll(), HOLD_MS);
    this.#held.add(topic);
    return true;
  }

  #releaseAll(): void {
    const held = [...this.#held];
    this.#held.clear();
    this.#release(held);
  }
}
