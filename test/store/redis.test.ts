import { createLogger } from '../../src/platform/logger.ts';
import { createRedisStore } from '../../src/store/redis/index.ts';
import type { Store } from '../../src/store/store.ts';
import { RedisServer, requireRedis } from '../support/redis-server.ts';
import { describeStoreContract, type Harness, type HarnessOptions } from './contract.ts';

const logger = createLogger('silent');

describe('redis store', function () {
  this.timeout(30_000);
  let server: RedisServer | undefined;
  let namespaces = 0;

  before(async function () {
    requireRedis(this);
    server = await RedisServer.start({ appendonly: true, appendfsync: 'always' });
  });

  after(async () => {
    await server?.stop();
  });

  async function makeHarness(options: HarnessOptions = {}): Promise<Harness> {
    const { url } = server ?? {};
    if (url === undefined) throw new Error('no server');
    namespaces += 1;
    const namespace = `contract-${namespaces}`;
    const opened: Store[] = [];
    const open = async (): Promise<Store> => {
      const store = createRedisStore({ url, namespace, logger, ...options });
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
        await server?.restart();
        return open();
      },
      async dispose() {
        await Promise.all(opened.map((one) => one.close()));
      },
    };
  }

  describeStoreContract('redis', makeHarness);
});
