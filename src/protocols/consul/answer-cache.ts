import type { Revision, State } from '../../core/index.ts';
import type { RouteResponse } from '../../http/index.ts';

interface Kept {
  readonly version: Revision;
  readonly response: RouteResponse;
  readonly lengthBytes: number;
}

const MAX_BYTES = 64 * 1024 * 1024;
const MAX_ENTRIES = 20_000;
/** What a key and its bookkeeping take beside the body. */
const OVERHEAD_BYTES = 500;
/** `[]`, `{}` and `null` cost nothing to encode, and anybody can ask for names that do not exist. */
const MIN_BODY_BYTES = 5;

/** Encoded answers by question, each good while the question's version stands; bounded, oldest out first. */
export class AnswerCache {
  readonly #kept = new Map<string, Kept>();
  #bytes = 0;
  #state: State | undefined;

  /** The answer kept for that version of that state, or a new one. */
  get(key: string, version: Revision, state: State, encode: () => RouteResponse): RouteResponse {
    if (this.#state !== state) this.#restart(state);
    const kept = this.#kept.get(key);
    if (kept?.version === version) return kept.response;
    const response = encode();
    this.#remove(key);
    this.#keep(key, version, response);
    return response;
  }

  /** Another state may say something else at the same version. */
  #restart(state: State): void {
    this.#state = state;
    this.#kept.clear();
    this.#bytes = 0;
  }

  #keep(key: string, version: Revision, response: RouteResponse): void {
    const { body } = response;
    if (body === undefined || body.length < MIN_BODY_BYTES || body.length > MAX_BYTES / 8) return;
    const lengthBytes = body.length + 2 * key.length + OVERHEAD_BYTES;
    this.#kept.set(key, { version, response, lengthBytes });
    this.#bytes += lengthBytes;
    for (const oldest of this.#kept.keys()) {
      if (this.#bytes <= MAX_BYTES && this.#kept.size <= MAX_ENTRIES) return;
      this.#remove(oldest);
    }
  }

  #remove(key: string): void {
    this.#bytes -= this.#kept.get(key)?.lengthBytes ?? 0;
    this.#kept.delete(key);
  }
}
