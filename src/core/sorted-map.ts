import type { Revision } from './ids.ts';

const CHUNK = 512;

interface Chunk {
  /** In byte order. */
  keys: string[];
  /** The latest revision among the values; undefined until somebody asks again. */
  latest: Revision | undefined;
}

/**
 * A map that iterates its keys in UTF-8 byte order and finds ranges by prefix.
 *
 * Kept as a list of sorted chunks, so an insertion moves at most `CHUNK` keys.
 */
export class SortedMap<V extends { readonly modifyRevision?: Revision }> {
  readonly #values = new Map<string, V>();
  readonly #chunks: Chunk[] = [{ keys: [], latest: undefined }];

  get size(): number {
    return this.#values.size;
  }

  get(key: string): V | undefined {
    return this.#values.get(key);
  }

  has(key: string): boolean {
    return this.#values.has(key);
  }

  set(key: string, value: V): void {
    if (!this.#values.has(key)) this.#insert(key);
    this.#values.set(key, value);
    const chunk = this.#chunks[this.#chunkFor(key)];
    if (chunk?.latest === undefined) return;
    const revision = revisionOf(value);
    chunk.latest = revision >= chunk.latest ? revision : undefined;
  }

  delete(key: string): boolean {
    if (!this.#values.delete(key)) return false;
    const at = this.#chunkFor(key);
    const chunk = this.#chunks[at];
    if (chunk === undefined) return true;
    chunk.keys.splice(lowerBound(chunk.keys, key), 1);
    chunk.latest = undefined;
    if (chunk.keys.length === 0 && this.#chunks.length > 1) this.#chunks.splice(at, 1);
    return true;
  }

  /** Entries whose key begins with `prefix`, in byte order. Do not change the map meanwhile. */
  *withPrefix(prefix: string): IterableIterator<[string, V]> {
    for (let at = this.#chunkFor(prefix); at < this.#chunks.length; at++) {
      const { keys } = this.#chunks[at] ?? NO_CHUNK;
      for (let i = lowerBound(keys, prefix); i < keys.length; i++) {
        const key = keys[i];
        if (key === undefined || !key.startsWith(prefix)) return;
        const value = this.#values.get(key);
        if (value !== undefined) yield [key, value];
      }
    }
  }

  /** The latest `modifyRevision` of the values whose key begins with `prefix`; 0 where there are none. */
  latestUnder(prefix: string): Revision {
    let latest = 0;
    for (let at = this.#chunkFor(prefix); at < this.#chunks.length; at++) {
      const chunk = this.#chunks[at] ?? NO_CHUNK;
      const [first = ''] = chunk.keys;
      const isAllUnder = first.startsWith(prefix) && chunk.keys.at(-1)?.startsWith(prefix) === true;
      if (isAllUnder) {
        chunk.latest ??= this.#latestOf(chunk.keys);
        latest = Math.max(latest, chunk.latest);
      } else {
        const from = lowerBound(chunk.keys, prefix);
        const under = chunk.keys.slice(from).filter((key) => key.startsWith(prefix));
        latest = Math.max(latest, this.#latestOf(under));
        if (from + under.length < chunk.keys.length) return latest;
      }
    }
    return latest;
  }

  values(): IterableIterator<V> {
    return this.#values.values();
  }

  #insert(key: string): void {
    const at = this.#chunkFor(key);
    const chunk = this.#chunks[at];
    if (chunk === undefined) return;
    const { keys } = chunk;
    keys.splice(lowerBound(keys, key), 0, key);
    if (keys.length <= 2 * CHUNK) return;
    this.#chunks.splice(at + 1, 0, { keys: keys.splice(CHUNK), latest: undefined });
    chunk.latest = undefined;
  }

  #latestOf(keys: readonly string[]): Revision {
    let latest = 0;
    for (const key of keys) {
      const value = this.#values.get(key);
      if (value !== undefined) latest = Math.max(latest, revisionOf(value));
    }
    return latest;
  }

  /** Index of the last chunk whose first key is at or before `key`. */
  #chunkFor(key: string): number {
    let low = 0;
    let high = this.#chunks.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >>> 1;
      const first = this.#chunks[middle]?.keys[0];
      if (first !== undefined && compareUtf8(first, key) <= 0) low = middle;
      else high = middle - 1;
    }
    return low;
  }
}

const NO_CHUNK: Chunk = { keys: [], latest: 0 };

function revisionOf({ modifyRevision }: { readonly modifyRevision?: Revision }): Revision {
  return modifyRevision ?? 0;
}

/** Compares as the UTF-8 encodings compare byte by byte; UTF-16 units differ from U+E000 on. */
export function compareUtf8(a: string, b: string): number {
  const length = Math.min(a.length, b.length);
  for (let i = 0; i < length; i++) {
    const x = a.charCodeAt(i);
    const y = b.charCodeAt(i);
    if (x !== y) return surrogatesLast(x) - surrogatesLast(y);
  }
  return a.length - b.length;
}

function surrogatesLast(unit: number): number {
  return unit >= 0xd800 && unit <= 0xdfff ? unit + 0x10000 : unit;
}

function lowerBound(keys: readonly string[], key: string): number {
  let low = 0;
  let high = keys.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    const at = keys[middle];
    if (at !== undefined && compareUtf8(at, key) < 0) low = middle + 1;
    else high = middle;
  }
  return low;
}
