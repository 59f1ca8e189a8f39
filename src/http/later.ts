import type { Awaiting, Later, Pending, RouteResponse } from './route.ts';

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

  start(awaiting: Awaiting): Pending {
    return this.#later.start(awaiting);
  }

  answer(): RouteResponse | Promise<RouteResponse> {
    const answering = this.#later.answer();
    return answering instanceof Promise ? answering.then(this.#map) : this.#map(answering);
  }
}
