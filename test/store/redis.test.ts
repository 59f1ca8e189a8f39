import { RedisServer, requireRedis } from '../support/redis-server.ts';
import { describeStoreContract } from './contract.ts';
import { makeRedisHarness } from './redis-harness.ts';

describe('redis store', function () {
  this.timeout(30_000);
  let server: RedisServer | undefined;

  before(async function () {
    requireRedis(this);
    server = await RedisServer.start({ appendonly: true, appendfsync: 'always' });
  });

  after(async () => {
    await server?.stop();
  });

  describeStoreContract(
    'redis',
    makeRedisHarness(
      () => server?.url ?? '',
      async () => server?.restart(),
    ),
  );
});
