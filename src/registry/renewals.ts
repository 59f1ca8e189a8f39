import { RollcallError } from '../core/index.ts';
import type { Clock } from '../platform/clock.ts';
import type { Renewal, Store } from '../store/store.ts';

/** How long heartbeats gather before they are sent as one call. */
const GATHER_MS = 5;
const NOTED_MS = 10;
/** What the store could not take is tried again after this, and given up when it is older than `KEPT_MS`. */
const RETRY_MS = 200;
const KEPT_MS = 5000;
/** A store that was last heard longer ago may be gone, and a heartbeat taken for it in vain. */
const HEARD_MS = 250;
const BATCH = 500;
const MAX_WAITING = 100_000;
const MAX_NOTED = 2_000_000;

interface Waiting extends Renewal {
  readonly settle: (exists: boolean) => void;
  readonly fail: (error: unknown) => void;
}

interface Noted extends Renewal {
  readonly notedAt: number;
}

interface Deps {
  readonly store: Store;
  readonly clock: Clock;
  /** Told of leases that were noted and that the store does not have. */
  readonly onUnknown: (leases: readonly string[]) => Promise<void>;
}

/**
 * Sends heartbeats to the store, many in one call.
 *
 * A renewal either waits for what the store says of it, or is noted and sent within some ten milliseconds.
 */
export class Renewals {
  readonly #deps: Deps;
  #waiting: Waiting[] = [];
  #unsettled = 0;
  #noted = new Map<string, Noted>();
  #sending: Promise<void> | undefined;
  #isScheduled = false;
  #isRefused = false;

  constructor(deps: Deps) {
    this.#deps = deps;
  }

  /** Resolves with whether the lease exists. Throws `store_unavailable`. */
  async renew(lease: string, ttlMs: number): Promise<boolean> {
    if (this.#unsettled >= MAX_WAITING)
      throw new RollcallError('store_unavailable', 'Too many heartbeats are waiting');
    this.#unsettled++;
    try {
      return await new Promise<boolean>((settle, fail) => {
        if (this.#waiting.push({ lease, ttlMs, settle, fail }) === 1)
          setTimeout(() => this.#sendWaiting(), GATHER_MS);
      });
    } finally {
      this.#unsettled--;
    }
  }

  /**
   * Takes a renewal to be sent soon, with others of the same lease as one; false where the store does not answer,
   * and who renews should rather wait.
   */
  note(lease: string, ttlMs: number): boolean {
    const { store, clock } = this.#deps;
    const { available, silentMs } = store.status();
    if (this.#isRefused || this.#noted.size >= MAX_NOTED || !available || silentMs > HEARD_MS) return false;
    this.#noted.set(lease, { lease, ttlMs, notedAt: clock.monotonic() });
    this.#schedule(NOTED_MS);
    return true;
  }

  /** Sends what is noted now. Never rejects; resolves within the store's own deadlines. */
  async flush(): Promise<void> {
    await this.#sending;
    if (this.#noted.size === 0) return;
    this.#sending ??= this.#sendNoted().then((unknown) => {
      this.#sending = undefined;
      return unknown.length === 0 ? undefined : this.#deps.onUnknown(unknown);
    });
    await this.#sending;
  }

  #schedule(afterMs: number): void {
    if (this.#isScheduled) return;
    this.#isScheduled = true;
    setTimeout(() => {
      this.#isScheduled = false;
      void this.flush();
    }, afterMs);
  }

  /** Resolves with the leases that the store does not have. */
  async #sendNoted(): Promise<string[]> {
    const noted = this.#noted;
    this.#noted = new Map();
    const renewals = [...noted.values()];
    const unknown: string[] = [];
    try {
      for (let from = 0; from < renewals.length; from += BATCH) {
        const batch = renewals.slice(from, from + BATCH);
        const exists = await this.#deps.store.renew(batch);
        batch.forEach(({ lease }, i) => {
          noted.delete(lease);
          if (exists[i] !== true) unknown.push(lease);
        });
      }
      this.#isRefused = false;
    } catch {
      this.#isRefused = true;
      this.#keep(noted);
    }
    return unknown;
  }

  /** Notes again what could not be sent, while it is young and nothing newer is noted. */
  #keep(unsent: ReadonlyMap<string, Noted>): void {
    const now = this.#deps.clock.monotonic();
    for (const [lease, noted] of unsent)
      if (now - noted.notedAt < KEPT_MS && !this.#noted.has(lease)) this.#noted.set(lease, noted);
    if (this.#noted.size > 0) this.#schedule(RETRY_MS);
    else this.#isRefused = false;
  }

  #sendWaiting(): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (let from = 0; from < waiting.length; from += BATCH)
      void this.#send(waiting.slice(from, from + BATCH));
  }

  async #send(batch: readonly Waiting[]): Promise<void> {
    try {
      const exists = await this.#deps.store.renew(batch.map(({ lease, ttlMs }) => ({ lease, ttlMs })));
      batch.forEach(({ settle }, i) => {
        settle(exists[i] === true);
      });
    } catch {
      for (const { fail } of batch) fail(new RollcallError('store_unavailable'));
    }
  }
}
