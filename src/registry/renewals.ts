import { RollcallError } from '../core/index.ts';
import type { Store } from '../store/store.ts';

/** How long heartbeats gather before they are sent as one call. */
const GATHER_MS = 5;
const BATCH = 500;
const MAX_WAITING = 100_000;

interface Waiting {
  readonly lease: string;
  readonly ttlMs: number;
  readonly settle: (exists: boolean) => void;
  readonly fail: (error: unknown) => void;
}

/** Collects heartbeats for a few milliseconds and sends them to the store together. */
export class Renewals {
  readonly #store: Store;
  #waiting: Waiting[] = [];
  #unsettled = 0;

  constructor(store: Store) {
    this.#store = store;
  }

  /** Resolves with whether the lease exists. Throws `store_unavailable`. */
  async renew(lease: string, ttlMs: number): Promise<boolean> {
    if (this.#unsettled >= MAX_WAITING)
      throw new RollcallError('store_unavailable', 'Too many heartbeats are waiting');
    this.#unsettled++;
    try {
      return await new Promise<boolean>((settle, fail) => {
        if (this.#waiting.push({ lease, ttlMs, settle, fail }) === 1)
          setTimeout(() => this.#flush(), GATHER_MS);
      });
    } finally {
      this.#unsettled--;
    }
  }

  #flush(): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (let from = 0; from < waiting.length; from += BATCH)
      void this.#send(waiting.slice(from, from + BATCH));
  }

  async #send(batch: readonly Waiting[]): Promise<void> {
    try {
      const exists = await this.#store.renew(batch.map(({ lease, ttlMs }) => ({ lease, ttlMs })));
      batch.forEach(({ settle }, i) => {
        settle(exists[i] === true);
      });
    } catch {
      for (const { fail } of batch) fail(new RollcallError('store_unavailable'));
    }
  }
}
