/**
 * Values by group and key; it forgets empty groups.
 *
 * Most groups have one value, such as the check of an instance, and a million of those must not be a million maps.
 */
export class GroupIndex<V> {
  readonly #groups = new Map<string, Single<V> | Map<string, V>>();
  readonly #none: ReadonlyMap<string, V> = new Map();

  get(group: string): ReadonlyMap<string, V> {
    return this.#groups.get(group) ?? this.#none;
  }

  set(group: string, key: string, value: V): void {
    const held = this.#groups.get(group);
    if (held instanceof Map) held.set(key, value);
    else if (held === undefined || held.has(key)) this.#groups.set(group, new Single(key, value));
    else this.#groups.set(group, new Map([...held, [key, value]]));
  }

  delete(group: string, key: string): void {
    const held = this.#groups.get(group);
    if (held === undefined) return;
    const isEmpty = held instanceof Map ? held.delete(key) && held.size === 0 : held.has(key);
    if (isEmpty) this.#groups.delete(group);
  }
}

/** A map of one value, at an eighth of what a `Map` takes. */
class Single<V> implements ReadonlyMap<string, V> {
  readonly #key: string;
  readonly #value: V;

  constructor(key: string, value: V) {
    this.#key = key;
    this.#value = value;
  }

  get size(): number {
    return 1;
  }

  get(key: string): V | undefined {
    return key === this.#key ? this.#value : undefined;
  }

  has(key: string): boolean {
    return key === this.#key;
  }

  forEach(visit: (value: V, key: string, map: ReadonlyMap<string, V>) => void): void {
    visit(this.#value, this.#key, this);
  }

  keys(): MapIterator<string> {
    return [this.#key].values();
  }

  values(): MapIterator<V> {
    return [this.#value].values();
  }

  entries(): MapIterator<[string, V]> {
    return [[this.#key, this.#value] as [string, V]].values();
  }

  [Symbol.iterator](): MapIterator<[string, V]> {
    return this.entries();
  }
}
