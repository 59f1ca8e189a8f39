import { describeStoreContract } from '../store/contract.ts';
import { all, makeRedisHarness } from '../store/redis-harness.ts';
import { ClusterTopology } from '../support/redis-cluster.ts';
import { requireRedis, type RedisServer } from '../support/redis-server.ts';

describe('redis store on Redis Cluster', function () {
  this.timeout(60_000);
  let topology: ClusterTopology | undefined;
  let killed: RedisServer | undefined;

  before(async function () {
    requireRedis(this);
    topology = await ClusterTopology.start({ server: { appendonly: true } });
  });

  after(() => topology?.stop());

  /** Kills a primary, after whoever was killed before is back; with it the shards of some namespaces fail over. */
  async function crash(): Promise<void> {
    await killed?.restart();
    await topology?.untilWhole();
    killed = (await topology?.shard('contract-1'))?.primary;
    await killed?.kill();
  }

  describeStoreContract(
    'redis on a cluster, safe',
    makeRedisHarness(() => topology?.url ?? '', crash, { ...all('safe'), openTimeoutMs: 20_000 }),
  );
});
