import type { RouteResponse } from './route.ts';

/**
 * An answer that comes when there is news, or when time is up.
 *
 * While it is waited for, its request costs no promise, timer or closure of the route's: tens of thousands may wait.
 */
export interface Later {
  /** Calls `ready` once, perhaps before it returns; returns how to have that happen at once. */
  start(ready: () => void): () => void;
  /** The answer, asked for once it is ready. */
  answer(): RouteResponse | Promise<RouteResponse>;
}

/** What `map` makes of a response, now or when it comes. */
export function mapped(
  response: RouteResponse,
  map: (response: RouteResponse) => RouteResponse | Promise<RouteResponse>,
): RouteResponse | Promise<RouteResponse> {
  const { later } = response;
  return later === undefined ? map(response) : { ...response, later: new Mapped(later, map) };
}

class Mapped implements Later {
  readonly #later: Later;
  readonly #map: (response: RouteResponse) => RouteResponse | Promise<RouteResponse>;

  constructor(later: Later, map: (response: RouteResponse) => RouteResponse | Promise<RouteResponse>) {
    this.#later = later;
    this.#map = map;
  }

  start(ready: () => void): () => void {
    return this.#later.start(ready);
  }

  answer(): RouteResponse | Promise<RouteResponse> {
    const answering = this.#later.answer();
    return answering instanceof Promise ? answering.then(this.#map) : this.#map(answering);
  }
}
