import type { Store } from '../../src/store/store.ts';

/** A store with some verbs of its own; all else the real one does. */
export function altered(store: Store, verbs: Partial<Store>): Store {
  return new Proxy(store, {
    get: (target, name) => {
      const verb: unknown = Reflect.get(verbs, name) ?? Reflect.get(target, name);
      return typeof verb === 'function' ? (verb.bind(target) as unknown) : verb;
    },
  });
}
