import type { IncomingHttpHeaders, IncomingMessage, ServerResponse } from 'node:http';
import type { RouteRequest } from './route.ts';

/** A node request as dialects see it; query and signal are made only when asked for. */
export class EdgeRequest implements RouteRequest {
  readonly method: string;
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  readonly remoteAddress: string;
  params: Readonly<Record<string, string>> = {};
  body: Uint8Array = new Uint8Array(0);
  readonly #queryText: string;
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
    this.headers = request.headers;
    this.remoteAddress = (request.socket.remoteAddress ?? '').replace(/^::ffff:(?=\d+\.)/, '');
    this.#response = response;
    this.#shutdown = shutdown;
  }

  get query(): URLSearchParams {
    this.#query ??= new URLSearchParams(this.#queryText);
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
