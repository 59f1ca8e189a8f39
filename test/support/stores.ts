import { RedisServer, requireRedis } from './redis-server.ts';
import { temporaryDirectory } from './rollcall-process.ts';

/** A store that e2e tests start Rollcall on. */
export interface StoreUnderTest {
  readonly name: 'embedded' | 'redis';
  /** Settings that make a Rollcall use it; every Rollcall given the same ones shares it. */
  start(context: Mocha.Context): Promise<Readonly<Record<string, string>>>;
  stop(): Promise<void>;
}

export function bothStores(): StoreUnderTest[] {
  let redis: RedisServer | undefined;
  return [
    {
      name: 'embedded',
      start: async () => ({ DATA_DIR: await temporaryDirectory() }),
      stop: () => Promise.resolve(),
    },
    {
      name: 'redis',
      start: async (context) => {
        requireRedis(context);
        redis = await RedisServer.start({ appendonly: true, appendfsync: 'always' });
        return { REDIS_URL: redis.url };
      },
      stop: async () => {
        await redis?.stop();
        redis = undefined;
      },
    },
  ];
}
