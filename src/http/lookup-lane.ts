import type { IncomingMessage } from 'node:http';
import { getHeapStatistics } from 'node:v8';
import type { Reuse, RouteResponse } from './route.ts';
import { asSent } from './send.ts';
import { sendableOf, type Sendable } from './sendable.ts';

/** An answer, with what tells whether it is still the one to give. */
export interface KeptAnswer {
  readonly dialect: string;
  readonly sendable: Sendable;
  readonly reuse: Reuse;
}

/** Answers of some 100,000 small services, and never more than a sixteenth of the heap that node may have. */
export const MAX_BYTES = Math.min(256 * 1024 * 1024, getHeapStatistics().heap_size_limit / 16);
const MAX_KEY_LENGTH = 1024;
/** What a key, its headers and its place take beside the body. */
const OVERHEAD_BYTES = 1300;

/** A request with a body, or one that wants to be asked for it, is for the route. */
const NEVER = ['content-length', 'transfer-encoding', 'expect'];

/**
 * Answers that routes gave and would give again, by the request exactly as it was sent; bounded, the one kept
 * first out first.
 *
 * It never makes an answer of its own: whatever it cannot give goes to the route, which is what fills it.
 */
export class LookupLane {
  readonly #kept = new Map<string, KeptAnswer>();
  readonly #variesBy: ReadonlySet<string>;
  readonly #variesByLength: ReadonlySet<number>;
  #bytes = 0;

  /** `variesBy`: names, in lower case, of the headers by which answers differ. */
  constructor(variesBy: readonly string[]) {
    this.#variesBy = new Set([...variesBy, ...NEVER]);
    this.#variesByLength = new Set([...this.#variesBy].map((name) => name.length));
  }

  /** The answer kept for such a request, current or not; undefined where none is. */
  find(request: IncomingMessage): KeptAnswer | undefined {
    if (request.method !== 'GET') return undefined;
    const key = this.#keyOf(request);
    return key === undefined ? undefined : this.#kept.get(key);
  }

  /** Keeps what a route has just answered, where that may be given again. */
  keep(request: IncomingMessage, dialect: string, response: RouteResponse): void {
    const { body, reuse } = response;
    if (reuse === undefined || !(body instanceof Uint8Array) || request.method !== 'GET') return;
    const key = this.#keyOf(request);
    if (key === undefined || key.length > MAX_KEY_LENGTH || body.length > MAX_BYTES / 8) return;
    const sendable = sendableOf(response);
    if (sendable === undefined) return;
    this.#remove(key);
    this.#kept.set(key, { dialect, sendable: { ...sendable, body: asSent(body) }, reuse });
    this.#bytes += body.length + OVERHEAD_BYTES;
    for (const oldest of this.#kept.keys()) {
      if (this.#bytes <= MAX_BYTES) return;
      this.#remove(oldest);
    }
  }

  #remove(key: string): void {
    const held = this.#kept.get(key);
    if (held === undefined) return;
    this.#bytes -= held.sendable.body.length + OVERHEAD_BYTES;
    this.#kept.delete(key);
  }

  #keyOf({ url = '', rawHeaders }: IncomingMessage): string | undefined {
    let key = url;
    for (let i = 0; i < rawHeaders.length; i += 2) {
      const sent = rawHeaders[i] ?? '';
      if (!this.#variesByLength.has(sent.length)) continue;
      const name = sent.toLowerCase();
      if (!this.#variesBy.has(name)) continue;
      if (NEVER.includes(name)) return undefined;
      key += `\n${name}:${rawHeaders[i + 1] ?? ''}`;
    }
    return key;
  }
}
