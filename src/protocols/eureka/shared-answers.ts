import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import { topics, type Revision, type State } from '../../core/index.ts';
import { applicationsOf, type Application, type LastRenewed } from './applications.ts';

/** Enough for some 100,000 instances in every format. */
const MAX_BYTES = 512 * 1024 * 1024;
/** Above it answers are made anew: whoever asks for names that nobody has must not fill the memory. */
const MAX_ANSWERS = 20_000;

/** The catalog that an answer is made of. */
export interface Listing {
  readonly applications: readonly Application[];
  /** That of the catalog when it was listed. */
  readonly revision: Revision;
}

/** Where the catalog is; its `state` may be another object after a break in the history. */
interface Source {
  readonly state: State;
}

/** Makes an answer's text; undefined when there is nothing to answer. */
export type Encode = (listing: Listing) => string | undefined;

interface Zipped {
  readonly generation: number;
  readonly bytes: Uint8Array | undefined;
}

export const zip = promisify(gzip);

/**
 * Answers about many instances: encoded once per change of the catalog, zipped once, and shared.
 *
 * While the catalog changes faster than an answer can be zipped, one zipping runs at a time and
 * whoever asks meanwhile shares the next one, so an answer is never older than its question.
 */
export class SharedAnswers {
  readonly #source: Source;
  readonly #lastRenewed: LastRenewed;
  readonly #bodies = new Map<string, Uint8Array | undefined>();
  readonly #zipped = new Map<string, Uint8Array | undefined>();
  readonly #zipping = new Map<string, Promise<Zipped>>();
  #heldBytes = 0;
  #listing: Listing | undefined;
  #state: WeakRef<State> | undefined;
  #revision: Revision = 0;
  #generation = 0;

  constructor(source: Source, lastRenewed: LastRenewed) {
    this.#source = source;
    this.#lastRenewed = lastRenewed;
  }

  /** The answer as it is; `key` names what `encode` makes. */
  plain(key: string, encode: Encode): Uint8Array | undefined {
    this.#refresh();
    if (this.#bodies.has(key)) return this.#bodies.get(key);
    const { state } = this.#source;
    this.#listing ??= { applications: applicationsOf(state, this.#lastRenewed), revision: state.revision };
    const text = encode(this.#listing);
    const bytes = text === undefined ? undefined : Buffer.from(text);
    this.#keep(this.#bodies, key, bytes);
    return bytes;
  }

  /** The answer in gzip. */
  async zipped(key: string, encode: Encode): Promise<Uint8Array | undefined> {
    const wanted = this.#refresh();
    for (;;) {
      if (this.#zipped.has(key)) return this.#zipped.get(key);
      const running = this.#zipping.get(key) ?? this.#zip(key, encode);
      const { generation, bytes } = await running;
      if (generation >= wanted) return bytes;
    }
  }

  /** Counts the times that everything had to be made anew: while it stands, so does every answer. */
  generation(): number {
    return this.#refresh();
  }

  /** Makes every answer anew, where one has changed though the catalog has not. */
  forget(): void {
    this.#state = undefined;
  }

  #zip(key: string, encode: Encode): Promise<Zipped> {
    const plain = this.plain(key, encode);
    const generation = this.#generation;
    const run = (async () => {
      try {
        const bytes = await (plain === undefined ? undefined : zip(plain));
        if (generation === this.#generation) this.#keep(this.#zipped, key, bytes);
        return { generation, bytes };
      } finally {
        this.#zipping.delete(key);
      }
    })();
    this.#zipping.set(key, run);
    return run;
  }

  #keep(cache: Map<string, Uint8Array | undefined>, key: string, bytes: Uint8Array | undefined): void {
    const cost = 2 * key.length + 100 + (bytes?.length ?? 0);
    if (this.#heldBytes + cost > MAX_BYTES || cache.size >= MAX_ANSWERS) return;
    this.#heldBytes += cost;
    cache.set(key, bytes);
  }

  /** Forgets everything where the catalog has changed; the number of times it has. */
  #refresh(): number {
    const { state } = this.#source;
    const revision = Math.max(
      ...[topics.services, topics.checks, topics.nodes].map((topic) => state.topic(topic)),
    );
    if (state === this.#state?.deref() && revision === this.#revision) return this.#generation;
    this.#state = new WeakRef(state);
    this.#revision = revision;
    this.#listing = undefined;
    this.#bodies.clear();
    this.#zipped.clear();
    this.#heldBytes = 0;
    return ++this.#generation;
  }
}
