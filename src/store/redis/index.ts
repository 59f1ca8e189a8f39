import type { Store } from '../store.ts';
import { RedisStore, type RedisStoreOptions } from './redis-store.ts';

export type { Durabilities, Durability } from './durability.ts';
export type { RedisStoreOptions } from './redis-store.ts';

/**
 * A store in Redis; connects only in `open`.
 *
 * Throws an `Error` when the URL or the namespace is invalid, or a file for TLS cannot be read.
 */
export function createRedisStore(options: RedisStoreOptions): Store {
  return new RedisStore(options);
}
