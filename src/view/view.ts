import { indexOf, RollcallError, State, type Query, type Revision, type StateCommit } from '../core/index.ts';
import type { Clock } from '../platform/clock.ts';
import { TimerWheel } from '../platform/timer-wheel.ts';
import { isOfUnknownEpoch, Wait, type Settler, type WaitResult } from './wait.ts';
import { Watchers } from './watchers.ts';

/** Somebody who waits for a revision. */
interface Reaching {
  readonly revision: Revision;
  readonly timeoutMs: number;
  sweepsLeft: number;
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

/** How often those who wait for a revision are looked at: every commit waits for its own, and nearly none in vain. */
const SWEEP_MS = 100;

/**
 * This node's copy of the catalog, and whoever waits for it to change.
 *
 * Reads are synchronous and come from memory. Only the follower changes it.
 */
export class View {
  readonly #clock: Clock;
  readonly #watchers: Watchers;
  readonly #deadlines: TimerWheel<Wait>;
  readonly #reaching = new Set<Reaching>();
  #sweeping: NodeJS.Timeout | undefined;
  readonly #listeners = new Set<(commits: readonly StateCommit[]) => void>();
  #state = new State();
  #ready = false;
  #verifiedAt = Number.NEGATIVE_INFINITY;
  #lostRevisions = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#watchers = new Watchers(clock);
    this.#deadlines = new TimerWheel(clock, (wait) => {
      wait.end('timeout');
    });
  }

  /** The catalog as this node knows it. Hold it for one turn of the event loop only. */
  get state(): State {
    return this.#state;
  }

  /** Whether a whole snapshot has been loaded; until then nothing may be served. */
  get ready(): boolean {
    return this.#ready;
  }

  /** Ms since the store last confirmed that this view is complete; Infinity before the first time. */
  get ageMs(): number {
    return this.#clock.monotonic() - this.#verifiedAt;
  }

  /** Acknowledged revisions that the store has lost while this node watched. */
  get lostRevisions(): number {
    return this.#lostRevisions;
  }

  /** Open waits, for metrics. */
  get waiters(): number {
    return this.#watchers.size;
  }

  /** Calls `listener` after each batch of commits is applied, and with none after a new snapshot. */
  onCommits(listener: (commits: readonly StateCommit[]) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Follower only: applies commits that follow the state. */
  apply(commits: readonly StateCommit[]): void {
    for (const commit of commits) this.#state.apply(commit);
    this.#changed(commits);
    this.#watchers.notify(commits);
  }

  /** Follower only: replaces the whole state after a snapshot. */
  replace(state: State): void {
    this.#state = state;
    this.#ready = true;
    this.#changed([]);
    this.#watchers.notifyAll();
  }

  /** Follower only: nothing is missing of what the store had at this time of the monotonic clock. */
  verified(atMs: number): void {
    this.#verifiedAt = Math.max(this.#verifiedAt, atMs);
  }

  /** Follower only: acknowledged revisions are gone from the store. */
  lost(revisions: number): void {
    this.#lostRevisions += revisions;
  }

  /**
   * Resolves once the view has a revision; at once when it has it already.
   *
   * Throws `store_unavailable` after `timeoutMs`, or up to 200 ms later.
   */
  reach(revision: Revision, timeoutMs: number): Promise<void> {
    if (this.#state.revision >= revision) return Promise.resolve();
    return new Promise((resolve, reject) => {
      const sweepsLeft = Math.ceil(timeoutMs / SWEEP_MS) + 1;
      this.#reaching.add({ revision, timeoutMs, sweepsLeft, resolve, reject });
      this.#sweeping ??= setInterval(() => this.#sweep(), SWEEP_MS);
    });
  }

  /**
   * Whether a reader that has seen an index of a query is to be answered now.
   *
   * An index of an epoch this view does not know is: its reader must start over. News that is about to be
   * told to all who wait for it, because it comes all the time, is not.
   */
  hasNews(query: Query<unknown>, index: Revision): boolean {
    if (isOfUnknownEpoch(index, this.#state)) return true;
    return indexOf(query, this.#state) > index && !this.#watchers.isHeld(query.topics);
  }

  /**
   * Tells `settler` once a query's index has passed `index`, or after `timeoutMs`; what it returns ends that at once.
   *
   * Checks and registers in one turn, so no change can slip between; `settler` may be told before this returns.
   */
  park(query: Query<unknown>, index: Revision, timeoutMs: number, settler: Settler): Wait {
    const wait = new Wait(this, query, index, settler);
    this.#watchers.add(wait);
    if (this.hasNews(query, index)) wait.end('changed');
    else this.#deadlines.schedule(wait, timeoutMs);
    return wait;
  }

  /** For waits that end. */
  release(wait: Wait): void {
    this.#watchers.remove(wait);
    this.#deadlines.cancel(wait);
  }

  /** As `park`; resolves when the wait has ended. */
  async wait(
    query: Query<unknown>,
    index: Revision,
    timeoutMs: number,
    signal: AbortSignal,
  ): Promise<WaitResult> {
    return new Promise<WaitResult>((resolve) => {
      const settled = (result: WaitResult) => {
        signal.removeEventListener('abort', cancel);
        resolve(result);
      };
      const wait = this.park(query, index, timeoutMs, { settled });
      function cancel() {
        wait.cancel();
      }
      if (signal.aborted) wait.cancel();
      else signal.addEventListener('abort', cancel, { once: true });
    });
  }

  #changed(commits: readonly StateCommit[]): void {
    for (const waiting of this.#reaching) {
      if (this.#state.revision < waiting.revision) continue;
      this.#reaching.delete(waiting);
      waiting.resolve();
    }
    for (const listener of this.#listeners) listener(commits);
  }

  #sweep(): void {
    for (const waiting of this.#reaching) {
      if (--waiting.sweepsLeft > 0) continue;
      this.#reaching.delete(waiting);
      const reason = `This node did not catch up within ${String(waiting.timeoutMs)} ms`;
      waiting.reject(new RollcallError('store_unavailable', reason));
    }
    if (this.#reaching.size > 0) return;
    clearInterval(this.#sweeping);
    this.#sweeping = undefined;
  }
}
