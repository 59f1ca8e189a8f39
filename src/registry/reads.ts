import { indexOf, RollcallError, type Query, type Revision } from '../core/index.ts';
import type { Store } from '../store/store.ts';
import type { View } from '../view/view.ts';
import type { Settler, Wait, WaitResult } from '../view/wait.ts';

/**
 * How fresh an answer must be.
 *
 * `stale`: memory as it is. `default`: everything that any node had acknowledged; memory as it is,
 * labelled with its age, while the store cannot be reached. `consistent`: the same, proved by a
 * write, or refused.
 */
export type ReadMode = 'stale' | 'default' | 'consistent';

export interface ReadOptions {
  readonly mode: ReadMode;
  /** Block until the query's index passes this; 0 or absent answers at once. */
  readonly index?: Revision;
  readonly waitMs?: number;
  /** Ends a blocked read early, as when its reader has gone. */
  readonly signal?: AbortSignal;
}

/** What is known about how fresh an answer is. */
export interface Freshness {
  /** Ms since the store last confirmed this node's view. */
  readonly ageMs: number;
  /** False when the store has been silent for more than three seconds, or this node stood still a moment ago. */
  readonly knownLeader: boolean;
}

export interface Answer<T> extends Freshness {
  readonly value: T;
  /** Never 0, and at most the view's revision. */
  readonly index: Revision;
}

const SILENT_MS = 3000;
const CATCH_UP_MS = 1500;

/** Reads from the view in the mode asked for, blocking where asked to. */
export class Reads {
  readonly #store: Store;
  readonly #view: View;
  readonly #condition: { readonly stalled: boolean };
  #refreshing: Promise<void> | undefined;

  constructor(store: Store, view: View, condition: { readonly stalled: boolean }) {
    this.#store = store;
    this.#view = view;
    this.#condition = condition;
  }

  /** Throws `not_ready`, and in `consistent` mode `store_unavailable`. */
  async read<T>(query: Query<T>, options: ReadOptions): Promise<Answer<T>> {
    await this.confirm(options.mode);
    if (options.index !== undefined && options.index > 0 && options.signal?.aborted !== true) {
      const signal = options.signal ?? new AbortController().signal;
      const ended = await this.#view.wait(query, options.index, options.waitMs ?? 0, signal);
      return this.answerAfter(query, ended);
    }
    return this.answer(query);
  }

  /**
   * Sees to it that memory may be read in a mode; undefined where there is nothing to wait for.
   *
   * Throws and rejects as `read` does.
   */
  confirm(mode: ReadMode): Promise<void> | undefined {
    if (!this.#view.ready) throw new RollcallError('not_ready');
    if (mode === 'consistent') return this.#barrier();
    return mode === 'default' ? this.refresh() : undefined;
  }

  /** Whether a reader that has seen an index is to be answered at once. */
  hasNews(query: Query<unknown>, index: Revision): boolean {
    return this.#view.hasNews(query, index);
  }

  /**
   * Tells `settler` once the query's index has passed `index`, or after `waitMs`; what it returns has that happen at
   * once. For reads that have been confirmed; `settler` may be told before this returns.
   */
  park(query: Query<unknown>, index: Revision, waitMs: number, settler: Settler): Wait {
    return this.#view.park(query, index, waitMs, settler);
  }

  /**
   * The answer after a wait.
   *
   * What moved the index without waking anybody is for the next read to see, lest it be waited for in vain.
   */
  answerAfter<T>(query: Query<T>, { outcome, seen }: WaitResult): Answer<T> {
    const answer = this.answer(query);
    return outcome === 'timeout' ? { ...answer, index: Math.max(1, seen) } : answer;
  }

  /** The answer from memory as it is, now. */
  answer<T>(query: Query<T>): Answer<T> {
    const { state } = this.#view;
    return { value: query.run(state), index: indexOf(query, state), ...this.freshness() };
  }

  freshness(): Freshness {
    const ageMs = Math.round(this.#view.ageMs);
    return { ageMs, knownLeader: ageMs <= SILENT_MS && !this.#condition.stalled };
  }

  /**
   * Catches up with the store if it can be reached; one question serves all readers of the tick.
   *
   * Undefined where memory is known to have all there is, or the store cannot be asked; never rejects.
   */
  refresh(): Promise<void> | undefined {
    const known = this.#store.revisionHere?.();
    if (known === undefined ? !this.#store.status().available : this.#view.state.revision >= known)
      return undefined;
    this.#refreshing ??= new Promise((resolve) => setImmediate(resolve)).then(() => this.#catchUp());
    return this.#refreshing;
  }

  async #catchUp(): Promise<void> {
    this.#refreshing = undefined;
    try {
      await this.#view.reach(await this.#store.revision(), CATCH_UP_MS);
    } catch {
      // The answer's age tells the reader; a lookup never fails because the store does.
    }
  }

  async #barrier(): Promise<void> {
    try {
      await this.#view.reach(await this.#store.barrier(), CATCH_UP_MS);
    } catch (error) {
      if (error instanceof RollcallError) throw error;
      throw new RollcallError('store_unavailable');
    }
  }
}
