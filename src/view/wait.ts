import { epochOf, indexOf, type Query, type Revision, type State } from '../core/index.ts';
import type { Waiter } from './watchers.ts';

/** How a blocked read ended. */
export type WaitOutcome = 'changed' | 'timeout' | 'cancelled';

export interface WaitResult {
  readonly outcome: WaitOutcome;
  /** The query's index when it was last looked at: when the wait began or somebody was woken for it. */
  readonly seen: Revision;
}

/** Who is told how a wait ended. */
export interface Settler {
  settled(result: WaitResult): void;
}

/** What a wait looks at; `release` is called when it has ended. */
interface Source {
  readonly state: State;
  release(wait: Wait): void;
}

/**
 * One blocked read. There may be tens of thousands, so it is one object without timers, promises or closures of its
 * own.
 */
export class Wait implements Waiter {
  readonly #source: Source;
  readonly #query: Query<unknown>;
  readonly #index: Revision;
  readonly #settler: Settler;
  #seen: Revision;
  #isAbsent: boolean;
  #isOver = false;

  constructor(source: Source, query: Query<unknown>, index: Revision, settler: Settler) {
    this.#source = source;
    this.#query = query;
    this.#index = index;
    this.#settler = settler;
    this.#seen = indexOf(query, source.state);
    this.#isAbsent = this.#seen <= index && query.isAbsent?.(source.state) === true;
  }

  get topics(): readonly string[] {
    return this.#query.topics;
  }

  /** Looks whether there is news, and ends the wait where there is. */
  wake(): void {
    if (this.#isOver) return;
    const { state } = this.#source;
    this.#seen = indexOf(this.#query, state);
    const wasAbsent = this.#isAbsent;
    this.#isAbsent = this.#query.isAbsent?.(state) === true;
    if (isOfUnknownEpoch(this.#index, state)) this.end('changed');
    else if (this.#seen > this.#index && !(wasAbsent && this.#isAbsent)) this.end('changed');
  }

  end(outcome: WaitOutcome): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#source.release(this);
    this.#settler.settled({ outcome, seen: this.#seen });
  }

  cancel(): void {
    this.end('cancelled');
  }
}

/** Whether a reader has seen an epoch that this state does not know, and must start over. */
export function isOfUnknownEpoch(index: Revision, state: State): boolean {
  return epochOf(index) > epochOf(state.revision);
}
