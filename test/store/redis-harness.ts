import { createLogger } from '../../src/platform/logger.ts';
import { createRedisStore, type RedisStoreOptions } from '../../src/store/redis/index.ts';
import type { Store } from '../../src/store/store.ts';
import { picture } from './harness.ts';

const built = new Set<Store>();

/** Builds a store without opening it; `closeStores` closes it. */
export function buildStore(url: string, options: Partial<RedisStoreOptions> = {}): Store {
  const store = createRedisStore({ url, logger: createLogger('silent'), ...options });
  built.add(store);
  return store;
}

/** Builds, opens and adopts a store. */
export async function openStore(url: string, options: Partial<RedisStoreOptions> = {}): Promise<Store> {
  const store = buildStore(url, options);
  await store.open();
  await store.adopt(0);
  return store;
}

export async function closeStores(): Promise<void> {
  await Promise.all([...built].map((store) => store.close()));
  built.clear();
}

/** Keys of the `kv` table, sorted. */
export async function storedKeys(store: Store): Promise<string[]> {
  const { records } = await picture(store);
  return [...records.values()].map(({ key }) => key).sort();
}
