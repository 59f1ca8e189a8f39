import type { Query } from '../../core/index.ts';
import type { RouteResponse } from '../../http/index.ts';

const MAX_QUESTIONS = 1000;

/**
 * The queries that are waited for, by question; bounded, the one first waited for first out.
 *
 * Whoever waits for what another one waits for holds the same query: thousands may, and each would keep all that a
 * request was read into.
 */
export class WaitedQueries {
  readonly #waited = new Map<string, WeakRef<Query<RouteResponse>>>();

  /** The query that is waited for with that question, or else the one given. */
  share(key: string, query: Query<RouteResponse>): Query<RouteResponse> {
    const waited = this.#waited.get(key)?.deref();
    // Which node a name stands for may change.
    if (waited !== undefined && haveEqualTopics(waited, query)) return waited;
    this.#waited.delete(key);
    this.#waited.set(key, new WeakRef(query));
    if (this.#waited.size > MAX_QUESTIONS) {
      for (const oldest of this.#waited.keys()) {
        this.#waited.delete(oldest);
        break;
      }
    }
    return query;
  }
}

function haveEqualTopics({ topics: some }: Query<unknown>, { topics: others }: Query<unknown>): boolean {
  return some.length === others.length && some.every((topic, i) => topic === others[i]);
}
