import type { ServerResponse } from 'node:http';
import type { Awaiting, Later, Pending } from './route.ts';

/** What waits: whatever knows where its answer goes. */
interface Exchange {
  readonly response: ServerResponse;
}

/** Exchanges whose answers come later; tens of thousands may be, so what they share is made once. */
export class WaitingExchanges<E extends Exchange> {
  readonly #shutdown: AbortSignal;
  readonly #arrived: (waiting: Waiting<E>) => void;
  readonly #gone: (this: ServerResponse) => void;
  readonly #waiting = new Map<ServerResponse, Waiting<E>>();

  /** `arrived` is called when an answer is ready, or the client or, by `shutdown`, this process goes. */
  constructor(shutdown: AbortSignal, arrived: (exchange: E, later: Later) => void) {
    const waiting = this.#waiting;
    this.#shutdown = shutdown;
    this.#arrived = ({ exchange, later }) => {
      waiting.delete(exchange.response);
      arrived(exchange, later);
    };
    this.#gone = function () {
      waiting.get(this)?.pending?.cancel();
    };
    shutdown.addEventListener('abort', () => {
      for (const each of waiting.values()) each.pending?.cancel();
    });
  }

  add(exchange: E, later: Later): void {
    const { response } = exchange;
    const waiting = new Waiting(exchange, later, this.#arrived);
    this.#waiting.set(response, waiting);
    waiting.pending = later.start(waiting);
    response.on('close', this.#gone);
    if (this.#shutdown.aborted || response.destroyed) waiting.pending.cancel();
  }
}

class Waiting<E extends Exchange> implements Awaiting {
  readonly exchange: E;
  readonly later: Later;
  pending: Pending | undefined;
  readonly #arrived: (waiting: Waiting<E>) => void;

  constructor(exchange: E, later: Later, arrived: (waiting: Waiting<E>) => void) {
    this.exchange = exchange;
    this.later = later;
    this.#arrived = arrived;
  }

  ready(): void {
    this.#arrived(this);
  }
}
