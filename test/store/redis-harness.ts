import { TABLES } from '../../src/core/index.ts';
import { createLogger } from '../../src/platform/logger.ts';
import {
  createRedisStore,
  type Durabilities,
  type Durability,
  type RedisStoreOptions,
} from '../../src/store/redis/index.ts';
import type { Store } from '../../src/store/store.ts';
import { RedisServer, type RedisServerOptions } from '../support/redis-server.ts';
import { picture, type HarnessOptions, type MakeHarness } from './harness.ts';

const built = new Set<Store>();
const servers = new Set<RedisServer>();

/** Starts a Redis of a test's own; `cleanUp` stops it. */
export async function startServer(options: RedisServerOptions = {}): Promise<RedisServer> {
  const server = await RedisServer.start(options);
  servers.add(server);
  return server;
}

/** Builds a store without opening it; `closeStores` and `cleanUp` close it. */
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

/** Closes what was built, then stops the servers that were started for it. */
export async function cleanUp(): Promise<void> {
  await closeStores();
  await Promise.all([...servers].map((server) => server.stop()));
  servers.clear();
}

/** Keys of the `kv` table, sorted. */
export async function storedKeys(store: Store): Promise<string[]> {
  const { records } = await picture(store);
  return [...records.values()].map(({ key }) => key).sort();
}

/** Every table with the same durability. */
export function all(durability: Durability): { durability: Durabilities } {
  return { durability: Object.fromEntries(TABLES.map((table) => [table, durability])) };
}

let namespaces = 0;

/** Makes harnesses for the contract, each with a namespace of its own; `crash` kills what holds the data. */
export function makeRedisHarness(
  url: () => string,
  crash: () => Promise<unknown>,
  fixed: Partial<RedisStoreOptions> = {},
): MakeHarness {
  return async (options: HarnessOptions = {}) => {
    namespaces += 1;
    const namespace = `contract-${namespaces}`;
    const opened: Store[] = [];
    const open = async (): Promise<Store> => {
      const store = createRedisStore({
        url: url(),
        namespace,
        logger: createLogger('silent'),
        ...fixed,
        ...options,
      });
      opened.push(store);
      await store.open();
      return store;
    };
    const store = await open();
    return {
      store,
      async reopen() {
        await store.close();
        return open();
      },
      async crash() {
        await crash();
        return open();
      },
      async dispose() {
        await Promise.all(opened.map((one) => one.close()));
      },
    };
  };
}
