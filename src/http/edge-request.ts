import type { IncomingHttpHeaders, IncomingMessage, ServerResponse } from 'node:http';
import type { RouteRequest } from './route.ts';

/** Making empty ones costs as much as routing a request does. */
const NO_QUERY = new URLSearchParams();
const NO_BODY = new Uint8Array(0);

/** A node request as dialects see it; what it takes time to make is made only when asked for. */
export class EdgeRequest implements RouteRequest {
  readonly method: string;
  readonly path: string;
  params: Readonly<Record<string, string>> = {};
  body: Uint8Array = NO_BODY;
  readonly #queryText: string;
  readonly #request: IncomingMessage;
  readonly #response: ServerResponse;
  readonly #shutdown: AbortSignal;
  #query: URLSearchParams | undefined;
  #signal: AbortSignal | undefined;

  constructor(request: IncomingMessage, response: ServerResponse, shutdown: AbortSignal) {
    const url = request.url ?? '/';
    const mark = url.indexOf('?');
    this.method = request.method ?? 'GET';
    this.path = mark < 0 ? url : url.slice(0, mark);
    this.#queryText = mark < 0 ? '' : url.slice(mark + 1);
    this.#request = request;
    this.#response = response;
    this.#shutdown = shutdown;
  }

  /** Node makes them of the raw headers when they are first asked for. */
  get headers(): IncomingHttpHeaders {
    return this.#request.headers;
  }

  get remoteAddress(): string {
    return (this.#request.socket.remoteAddress ?? '').replace(/^::ffff:(?=\d+\.)/, '');
  }

  get query(): URLSearchParams {
    this.#query ??= this.#queryText === '' ? NO_QUERY : new URLSearchParams(this.#queryText);
    return this.#query;
  }

  get queryText(): string {
    return this.#queryText;
  }

  get signal(): AbortSignal {
    if (this.#signal === undefined) {
      const gone = new AbortController();
      const abort = () => {
        this.#shutdown.removeEventListener('abort', abort);
        gone.abort();
      };
      this.#response.once('close', abort);
      if (this.#shutdown.aborted) abort();
      else this.#shutdown.addEventListener('abort', abort);
      this.#signal = gone.signal;
    }
    return this.#signal;
  }
}
