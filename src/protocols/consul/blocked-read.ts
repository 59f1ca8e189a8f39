import type { Query, Revision } from '../../core/index.ts';
import type { Later, RouteResponse } from '../../http/index.ts';
import type { Answer, ReadMode, Registry } from '../../registry/index.ts';

/** Labels an answer with how fresh it is. */
export type Shown = (answer: Answer<RouteResponse>, mode: ReadMode) => RouteResponse;

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
  readonly #reads: Registry['reads'];
  readonly #waiting: Waiting;
  #answer: (() => Answer<RouteResponse>) | undefined;

  constructor(reads: Registry['reads'], waiting: Waiting) {
    this.#reads = reads;
    this.#waiting = waiting;
  }

  start(ready: () => void): () => void {
    const { query, index, waitMs } = this.#waiting;
    return this.#reads.park(query, index, waitMs, (answer) => {
      this.#answer = answer;
      ready();
    });
  }

  answer(): RouteResponse {
    const { query, mode, shown } = this.#waiting;
    return shown(this.#answer?.() ?? this.#reads.answer(query), mode);
  }
}
