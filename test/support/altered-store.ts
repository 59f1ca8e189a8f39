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

/** A store that a second registry may use and not close. */
export function unclosed(store: Store): Store {
  return altered(store, { open: () => Promise.resolve(), close: () => Promise.resolve() });
}
