import type { Table } from '../core/index.ts';

/** Distinct values that are remembered at most; twice as many while the older half is being forgotten. */
const MAX_VALUES = 50_000;
const MAX_LENGTH = 1000;

/**
 * Gives equal parts of records as one value, since most of a million instances differ in few.
 *
 * What has not been seen for a while is forgotten, and then only no longer shared.
 */
class SharedValues<V> {
  #recent = new Map<string, Readonly<V>>();
  #older = new Map<string, Readonly<V>>();

  /** The value known by that key, or this one from now on; frozen. */
  share(key: string, value: V): Readonly<V> {
    if (key.length > MAX_LENGTH) return Object.freeze(value);
    const known = this.#recent.get(key);
    if (known !== undefined) return known;
    const shared = this.#older.get(key) ?? Object.freeze(value);
    if (this.#recent.size >= MAX_VALUES) {
      this.#older = this.#recent;
      this.#recent = new Map();
    }
    this.#recent.set(key, shared);
    return shared;
  }
}

const texts = new SharedValues<string>();
const parts = new SharedValues<object>();

/** Fields that many records of a table have in common. */
const COMMON: {
  readonly [T in Table]?: { readonly texts: readonly string[]; readonly parts: readonly string[] };
} = {
  node: { texts: [], parts: ['meta', 'taggedAddresses'] },
  instance: { texts: ['node', 'service'], parts: ['tags', 'meta', 'weights', 'taggedAddresses'] },
  check: { texts: ['node', 'name', 'notes', 'output'], parts: ['source'] },
};

/** Puts shared values into a record that has just been read. */
export function shareParts(table: Table, fields: Record<string, unknown>): void {
  const common = COMMON[table];
  if (common === undefined) return;
  for (const name of common.texts) {
    const value = fields[name];
    if (typeof value === 'string' && value !== '') fields[name] = texts.share(value, value);
  }
  for (const name of common.parts) {
    const value = fields[name];
    if (typeof value === 'object' && value !== null) fields[name] = parts.share(JSON.stringify(value), value);
  }
}
