import { StoreError, type Store } from '../../src/store/store.ts';
import { pause, picture, put, txn } from './harness.ts';

/** Writers that go on until they are stopped, each write a key of its own; they adopt nothing themselves. */
export class WriteLoad {
  readonly #store: Store;
  readonly #name: string;
  readonly #writers: Promise<void>[];
  readonly #acknowledged: string[] = [];
  readonly outcomes = new Map<string, number>();
  #running = true;
  #highest = 0;
  #wentBack = false;
  #lastAcknowledgedAt = 0;
  #longestGapMs = 0;

  constructor(store: Store, writers: number, name = '') {
    this.#store = store;
    this.#name = name;
    this.#writers = Array.from({ length: writers }, (_, lane) => this.#write(lane));
  }

  get acknowledged(): readonly string[] {
    return this.#acknowledged;
  }

  /** The highest revision that was acknowledged. */
  get highest(): number {
    return this.#highest;
  }

  /** Whether a write that began after another was acknowledged got a lower revision. */
  get revisionsWentBack(): boolean {
    return this.#wentBack;
  }

  /** On the clock of `performance.now`. */
  get lastAcknowledgedAt(): number {
    return this.#lastAcknowledgedAt;
  }

  get longestGapMs(): number {
    return this.#longestGapMs;
  }

  /** Measures gaps from now on. */
  forgetGaps(): void {
    this.#longestGapMs = 0;
  }

  async stop(): Promise<void> {
    this.#running = false;
    await Promise.all(this.#writers);
  }

  /** Acknowledged writes that the store does not have. */
  async missingFrom(store: Store): Promise<string[]> {
    const { records } = await picture(store);
    return this.#acknowledged.filter((key) => !records.has(`kv/${key}`));
  }

  async #write(lane: number): Promise<void> {
    for (let step = 0; this.#running; step += 1) {
      const key = `${this.#name}${lane}/${step}`;
      const highestBefore = this.#highest;
      const outcome = await this.#store.commit(txn({ puts: [put(key, 'x')], touches: ['load'] })).then(
        (result) => (result.outcome === 'applied' ? result.revision : 'conflict'),
        (error: unknown) => {
          if (error instanceof StoreError) return error.code;
          throw error;
        },
      );
      if (typeof outcome === 'number') this.#note(key, outcome, highestBefore);
      else {
        this.outcomes.set(outcome, (this.outcomes.get(outcome) ?? 0) + 1);
        if (outcome === 'closed') return;
        await pause(10);
      }
    }
  }

  #note(key: string, revision: number, highestBefore: number): void {
    const now = performance.now();
    if (this.#lastAcknowledgedAt > 0)
      this.#longestGapMs = Math.max(this.#longestGapMs, now - this.#lastAcknowledgedAt);
    this.#lastAcknowledgedAt = now;
    this.#acknowledged.push(key);
    this.#wentBack ||= revision <= highestBefore;
    this.#highest = Math.max(this.#highest, revision);
  }
}
