import type { Clock } from './clock.ts';

const TICK_MS = 20;
/** One turn of the wheel is 20 seconds; what is due later waits for its turn in its slot. */
const SLOTS = 1000;

/** Wakes any number of things in time with one timer, which runs only while something waits. */
export class TimerWheel<T> {
  readonly #clock: Clock;
  readonly #onDue: (item: T) => void;
  readonly #slots: Set<T>[] = Array.from({ length: SLOTS }, () => new Set<T>());
  /** The tick each waiting item is due at. */
  readonly #due = new Map<T, number>();
  #tick: number;
  #timer: NodeJS.Timeout | undefined;

  constructor(clock: Clock, onDue: (item: T) => void) {
    this.#clock = clock;
    this.#onDue = onDue;
    this.#tick = this.#now();
  }

  /** Number of items that wait. */
  get size(): number {
    return this.#due.size;
  }

  /** Calls `onDue` with the item in `delayMs` or up to two ticks later; an item waits once only. */
  schedule(item: T, delayMs: number): void {
    this.cancel(item);
    if (this.#timer === undefined) this.#start();
    const due = this.#now() + 1 + Math.max(0, Math.ceil(delayMs / TICK_MS));
    this.#due.set(item, due);
    this.#slot(due).add(item);
  }

  cancel(item: T): void {
    const due = this.#due.get(item);
    if (due === undefined) return;
    this.#due.delete(item);
    this.#slot(due).delete(item);
    if (this.#due.size === 0) this.stop();
  }

  /** Forgets everything that waits. */
  stop(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
    for (const [item, due] of this.#due) this.#slot(due).delete(item);
    this.#due.clear();
  }

  #start(): void {
    this.#tick = this.#now();
    this.#timer = setInterval(() => this.#advance(), TICK_MS);
  }

  #advance(): void {
    const now = this.#now();
    const due: T[] = [];
    // After a stall longer than a turn, one turn sees every slot.
    this.#tick = Math.max(this.#tick, now - SLOTS);
    while (this.#tick < now) {
      this.#tick++;
      for (const item of this.#slot(this.#tick)) if ((this.#due.get(item) ?? Infinity) <= now) due.push(item);
    }
    for (const item of due) {
      // An item before it may have cancelled or rescheduled this one.
      if ((this.#due.get(item) ?? Infinity) > now) continue;
      this.cancel(item);
      this.#onDue(item);
    }
  }

  #slot(tick: number): Set<T> {
    const slot = this.#slots[tick % SLOTS];
    if (slot === undefined) throw new RangeError('ticks are whole and positive');
    return slot;
  }

  #now(): number {
    return Math.floor(this.#clock.monotonic() / TICK_MS);
  }
}
