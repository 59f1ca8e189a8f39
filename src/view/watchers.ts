import { topics, type StateCommit } from '../core/index.ts';
import type { Clock } from '../platform/clock.ts';
import { WakeRate } from './wake-rate.ts';

/** Somebody who waits for any of some topics to change. */
export interface Waiter {
  readonly topics: readonly string[];
  /** Called after a change, and sometimes without one. */
  wake(): void;
}

/** Longest that waiters are woken before everybody else has a turn. */
const SLICE_MS = 3;

/**
 * Who waits for which topic; woken in slices, so that thousands of waiters never stall the loop, and one of each topic
 * in turns, so that nobody waits behind the thousands of another topic.
 */
export class Watchers {
  readonly #clock: Clock;
  readonly #rate: WakeRate;
  readonly #waiting = new Map<string, Set<Waiter>>();
  #prefixes = 0;
  #size = 0;
  /** Those to be woken, by topic. */
  readonly #due: Iterator<Waiter, undefined>[] = [];
  /** Which of these is next. */
  #turn = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#rate = new WakeRate(clock, (held) => {
      this.#wake(held);
    });
  }

  /** Number of waiters, each counted once however many topics it waits for. */
  get size(): number {
    return this.#size;
  }

  /** Wakes the waiter at each change of any of its topics, until it is removed. */
  add(waiter: Waiter): void {
    this.#size++;
    for (const topic of waiter.topics) {
      const held = this.#waiting.get(topic);
      if (held === undefined) this.#waiting.set(topic, new Set([waiter]));
      else held.add(waiter);
      if (topic.startsWith(PREFIX)) this.#prefixes++;
    }
  }

  /** Of a waiter that was added, once. */
  remove(waiter: Waiter): void {
    this.#size--;
    for (const topic of waiter.topics) {
      const held = this.#waiting.get(topic);
      if (held?.delete(waiter) !== true) continue;
      if (topic.startsWith(PREFIX)) this.#prefixes--;
      if (held.size === 0) this.#waiting.delete(topic);
    }
  }

  /** Whether waiters of one of the topics are about to be woken, all together. */
  isHeld(watched: readonly string[]): boolean {
    return this.#rate.isHeld(watched);
  }

  /** Wakes everybody a batch of commits concerns. */
  notify(commits: readonly StateCommit[]): void {
    const touched = new Set<string>();
    for (const commit of commits) {
      for (const topic of commit.touches) touched.add(topic);
      for (const { table, key } of commit.changes) {
        if (table === 'kv') this.#addKeyTopics(touched, key);
        else if (table === 'session') touched.add(topics.session(key));
      }
    }
    const waited = [...touched].filter((topic) => this.#waiting.has(topic));
    this.#wake(waited.filter((topic) => !this.#rate.hold(topic)));
  }

  /** Wakes everybody: the history has a break and nobody can tell what changed. */
  notifyAll(): void {
    this.#wake([...this.#waiting.keys()]);
  }

  #wake(changed: readonly string[]): void {
    const isIdle = this.#due.length === 0;
    for (const topic of changed) {
      const waiters = this.#waiting.get(topic);
      // As they are now: who comes back meanwhile may be held.
      if (waiters !== undefined) this.#due.push([...waiters].values());
    }
    if (isIdle) this.#wakeSome();
  }

  #wakeSome(): void {
    const until = this.#clock.monotonic() + SLICE_MS;
    try {
      do {
        if (this.#turn >= this.#due.length) this.#turn = 0;
        const waiters = this.#due[this.#turn];
        if (waiters === undefined) break;
        const waiter = waiters.next().value;
        if (waiter === undefined) {
          this.#dropCurrent();
          continue;
        }
        this.#turn++;
        waiter.wake();
      } while (this.#clock.monotonic() < until);
    } finally {
      if (this.#due.length > 0) setImmediate(() => this.#wakeSome());
    }
  }

  /** Puts the last one in the place of the one whose turn it is. */
  #dropCurrent(): void {
    const last = this.#due.pop();
    if (last !== undefined && this.#turn < this.#due.length) this.#due[this.#turn] = last;
  }

  #addKeyTopics(touched: Set<string>, key: string): void {
    touched.add(topics.kvKey(key));
    if (this.#prefixes === 0) return;
    for (let length = 0; length <= key.length; length++) touched.add(topics.kvPrefix(key.slice(0, length)));
  }
}

const PREFIX = topics.kvPrefix('');
