import type { ServerResponse } from 'node:http';
import type { RouteResponse } from './route.ts';
import { send } from './send.ts';

/** An answer as node sends it without another look. */
export interface Sendable {
  readonly status: number;
  /** Names and values in turns. */
  readonly headers: string[];
  /** A string is Latin-1. */
  readonly body: string | Uint8Array;
}

/** Makes an answer of bytes, which are not copied, ready to be sent again and again; undefined where that cannot be. */
export function sendableOf({ status, headers = {}, body }: RouteResponse): Sendable | undefined {
  if (!(body instanceof Uint8Array) || !Object.values(headers).every(isSendable)) return undefined;
  return { status, headers: flat(headers, body), body };
}

export function sendAgain(response: ServerResponse, { status, headers, body }: Sendable): void {
  if (response.destroyed || response.headersSent) return;
  response.writeHead(status, headers);
  response.end(body, 'latin1');
}

/**
 * Sends answers, of which one that many get in a row is made ready once.
 *
 * Its bytes are shared by them all: a copy for each, as a single answer is sent fastest, would be what the garbage
 * collector then stops everything for.
 */
export class Sender {
  #last: RouteResponse | undefined;
  #sendable: Sendable | undefined;

  send(response: ServerResponse, answer: RouteResponse): void {
    if (answer === this.#last) this.#sendable ??= sendableOf(answer);
    else {
      this.#last = answer.status === 200 && answer.body instanceof Uint8Array ? answer : undefined;
      this.#sendable = undefined;
    }
    if (this.#sendable === undefined) send(response, answer);
    else sendAgain(response, this.#sendable);
  }
}

/** What node refuses to send as it is, the edge rewrites each time. */
function isSendable(value: string): boolean {
  return /^[\t\u0020-\u007e\u0080-\u00ff]*$/.test(value);
}

function flat(headers: Readonly<Record<string, string>>, body: Uint8Array): string[] {
  const complete =
    headers['Content-Length'] === undefined ? { ...headers, 'Content-Length': String(body.length) } : headers;
  return Object.entries(complete).flat();
}
