const CHUNK = 512;

/**
 * A map that iterates its keys in UTF-8 byte order and finds ranges by prefix.
 *
 * Kept as a list of sorted chunks, so an insertion moves at most `CHUNK` keys.
 */
export class SortedMap<V> {
  readonly #values = new Map<string, V>();
  #chunks: string[][] = [[]];

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
  }

  delete(key: string): boolean {
    if (!this.#values.delete(key)) return false;
    const at = this.#chunkFor(key);
    const chunk = this.#chunks[at] ?? [];
    chunk.splice(lowerBound(chunk, key), 1);
    if (chunk.length === 0 && this.#chunks.length > 1) this.#chunks.splice(at, 1);
    return true;
  }

  /** Entries whose key begins with `prefix`, in byte order. Do not change the map meanwhile. */
  *withPrefix(prefix: string): IterableIterator<[string, V]> {
    for (let at = this.#chunkFor(prefix); at < this.#chunks.length; at++) {
      const chunk = this.#chunks[at] ?? [];
      for (let i = lowerBound(chunk, prefix); i < chunk.length; i++) {
        const key = chunk[i];
        if (key === undefined || !key.startsWith(prefix)) return;
        const value = this.#values.get(key);
        if (value !== undefined) yield [key, value];
      }
    }
  }

  values(): IterableIterator<V> {
    return this.#values.values();
  }

  #insert(key: string): void {
    const at = this.#chunkFor(key);
    const chunk = this.#chunks[at] ?? [];
    chunk.splice(lowerBound(chunk, key), 0, key);
    if (chunk.length > 2 * CHUNK) this.#chunks.splice(at + 1, 0, chunk.splice(CHUNK));
  }

  /** Index of the last chunk whose first key is at or before `key`. */
  #chunkFor(key: string): number {
    let low = 0;
    let high = this.#chunks.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >>> 1;
      const first = this.#chunks[middle]?.[0];
      if (first !== undefined && compareUtf8(first, key) <= 0) low = middle;
      else high = middle - 1;
    }
    return low;
  }
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
