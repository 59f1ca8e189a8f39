import type { Store } from '../store.ts';
import { RedisStore, type RedisStoreOptions } from './redis-store.ts';

export type { RedisStoreOptions } from './redis-store.ts';

/** A store in Redis; throws an `Error` when the URL or the namespace is invalid, and connects only in `open`. */
export function createRedisStore(options: RedisStoreOptions): Store {
  return new RedisStore(options);
}
