import type { Query, Revision } from '../../core/index.ts';
import type { Awaiting, Later, Pending, RouteResponse } from '../../http/index.ts';
import type { Answer, ReadMode, Registry } from '../../registry/index.ts';

/** Labels an answer with how fresh it is. */
export type Shown = (answer: Answer<RouteResponse>, mode: ReadMode) => RouteResponse;

type Reads = Registry['reads'];
type Ended = Parameters<Reads['answerAfter']>[1];

/** What is waited for, and how its answer is shown. */
interface Waiting {
  readonly query: Query<RouteResponse>;
  readonly mode: ReadMode;
  readonly index: Revision;
  readonly waitMs: number;
  readonly shown: Shown;
}

/** A blocking read that waits; all that is kept of its request. */
export class BlockedRead implements Later {
  readonly #reads: Reads;
  readonly #waiting: Waiting;
  #awaiting: Awaiting | undefined;
  #ended: Ended | undefined;

  constructor(reads: Reads, waiting: Waiting) {
    this.#reads = reads;
    this.#waiting = waiting;
  }

  start(awaiting: Awaiting): Pending {
    const { query, index, waitMs } = this.#waiting;
    this.#awaiting = awaiting;
    return this.#reads.park(query, index, waitMs, this);
  }

  settled(ended: Ended): void {
    this.#ended = ended;
    this.#awaiting?.ready();
  }

  answer(): RouteResponse {
    const { query, mode, shown } = this.#waiting;
    const answer =
      this.#ended === undefined ? this.#reads.answer(query) : this.#reads.answerAfter(query, this.#ended);
    return shown(answer, mode);
  }
}
