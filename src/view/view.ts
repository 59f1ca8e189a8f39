import { epochOf, RollcallError, State, type Query, type Revision, type StateCommit } from '../core/index.ts';
import type { Clock } from '../platform/clock.ts';
import { Watchers } from './watchers.ts';

/** How a blocked read ended. */
export type WaitOutcome = 'changed' | 'timeout' | 'cancelled';

export interface WaitResult {
  readonly outcome: WaitOutcome;
  /** The query's index when it was last looked at: when the wait began or somebody was woken for it. */
  readonly seen: Revision;
}

interface Reached {
  readonly revision: Revision;
  readonly settle: () => void;
}

/**
 * This node's copy of the catalog, and whoever waits for it to change.
 *
 * Reads are synchronous and come from memory. Only the follower changes it.
 */
export class View {
  readonly #clock: Clock;
  readonly #watchers = new Watchers();
  readonly #reached = new Set<Reached>();
  readonly #listeners = new Set<(commits: readonly StateCommit[]) => void>();
  #state = new State();
  #ready = false;
  #verifiedAt = Number.NEGATIVE_INFINITY;
  #lostRevisions = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
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
   * Throws `store_unavailable` after `timeoutMs`.
   */
  async reach(revision: Revision, timeoutMs: number): Promise<void> {
    if (this.#state.revision >= revision) return;
    await new Promise<void>((resolve, reject) => {
      const timer = setTimeout(() => {
        this.#reached.delete(entry);
        reject(
          new RollcallError('store_unavailable', `This node did not catch up within ${String(timeoutMs)} ms`),
        );
      }, timeoutMs);
      const entry: Reached = {
        revision,
        settle: () => {
          clearTimeout(timer);
          this.#reached.delete(entry);
          resolve();
        },
      };
      this.#reached.add(entry);
    });
  }

  /**
   * Waits until a query's index passes `index`, for at most `timeoutMs`.
   *
   * Checks and registers in one turn, so no change can slip between. An index of an epoch this view
   * does not know ends at once: its reader must start over.
   */
  async wait(
    query: Query<unknown>,
    index: Revision,
    timeoutMs: number,
    signal: AbortSignal,
  ): Promise<WaitResult> {
    let seen = query.index(this.#state);
    if (seen > index || epochOf(index) > epochOf(this.#state.revision)) return { outcome: 'changed', seen };
    if (signal.aborted) return { outcome: 'cancelled', seen };
    let isAbsent = query.isAbsent?.(this.#state) === true;
    const isNews = (): boolean => {
      seen = query.index(this.#state);
      const wasAbsent = isAbsent;
      isAbsent = query.isAbsent?.(this.#state) === true;
      return epochOf(index) > epochOf(this.#state.revision) || (seen > index && !(wasAbsent && isAbsent));
    };
    return new Promise<WaitResult>((resolve) => {
      const finish = (outcome: WaitOutcome) => {
        clearTimeout(timer);
        unwatch();
        signal.removeEventListener('abort', cancel);
        resolve({ outcome, seen });
      };
      const cancel = () => finish('cancelled');
      const timer = setTimeout(() => finish('timeout'), timeoutMs);
      const unwatch = this.#watchers.watch(query.topics, () => {
        if (isNews()) finish('changed');
      });
      signal.addEventListener('abort', cancel, { once: true });
    });
  }

  #changed(commits: readonly StateCommit[]): void {
    for (const entry of [...this.#reached]) if (this.#state.revision >= entry.revision) entry.settle();
    for (const listener of this.#listeners) listener(commits);
  }
}
