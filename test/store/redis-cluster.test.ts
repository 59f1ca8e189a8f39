import { expect } from 'chai';
import { EPOCH_SPAN } from '../../src/core/index.ts';
import type { Durability } from '../../src/store/redis/index.ts';
import type { Store } from '../../src/store/store.ts';
import { eventually } from '../support/eventually.ts';
import { ClusterTopology } from '../support/redis-cluster.ts';
import { requireRedis, type RedisServer } from '../support/redis-server.ts';
import { apply } from './harness.ts';
import { all, closeStores, openStore } from './redis-harness.ts';
import { WriteLoad } from './write-load.ts';

/** The node timeout, the election, and what a loaded machine takes. */
const FAILOVER_WITHIN_MS = 10_000;

describe('redis store on Redis Cluster', function () {
  this.timeout(60_000);
  let topology: ClusterTopology;
  let started: ClusterTopology | undefined;
  let killed: RedisServer | undefined;
  /** A namespace of the shard whose primary was killed. */
  let dying = 'test-1';
  let namespaces = 0;

  before(async function () {
    requireRedis(this);
    topology = started = await ClusterTopology.start({ server: { appendonly: true } });
  });

  after(async () => {
    await started?.stop();
  });

  /** Everybody is up again and in touch. */
  async function heal(): Promise<void> {
    for (const server of topology.servers) server.resume();
    const dead = killed?.port;
    await eventually(async () => (await topology.shard(dying)).primary.port !== dead, 'a failover', 30_000);
    await killed?.restart();
    killed = undefined;
    await topology.untilWhole();
  }

  /** A store of its own, all of whose writes are as durable as that. */
  async function open(durability: Durability): Promise<{ store: Store; namespace: string }> {
    namespaces += 1;
    const namespace = `test-${namespaces}`;
    return { store: await openStore(topology.url, { namespace, ...all(durability) }), namespace };
  }

  async function adoptSuccessor(store: Store, witnessed: number) {
    return eventually(
      async () => {
        const adoption = await store.adopt(witnessed);
        return adoption.opened ? adoption : undefined;
      },
      'adoption',
      FAILOVER_WITHIN_MS,
    );
  }

  describe('as it moves', () => {
    beforeEach(heal);
    afterEach(closeStores);

    it('follows a shard whose primary was killed; the fence tells, and nothing is lost', async () => {
      const { store, namespace } = await open('safe');
      const load = new WriteLoad(store, 8);
      await eventually(() => load.acknowledged.length > 200, 'writes');
      const before = load.highest;
      dying = namespace;
      killed = (await topology.shard(namespace)).primary;
      await killed.kill();
      const killedAt = performance.now();
      const adoption = await adoptSuccessor(store, load.highest);
      await eventually(() => load.lastAcknowledgedAt > killedAt, 'writes again', FAILOVER_WITHIN_MS);
      await load.stop();
      expect(adoption).to.include({ lost: 0, opened: true });
      expect(adoption.epoch).to.equal(Math.floor(before / EPOCH_SPAN) + 1);
      expect(load.revisionsWentBack).to.equal(false);
      expect(await load.missingFrom(store)).to.deep.equal([]);
      // The shard has no replica left that could confirm.
      expect(store.details?.()).to.include({ topology: 'cluster', liveReplicas: 0 });
    });

    it('notices a promotion that closes no connection', async () => {
      const { store, namespace } = await open('async');
      const witnessed = await apply(store, {});
      const { replicas } = await topology.shard(namespace);
      await replicas[0]?.call('CLUSTER', 'FAILOVER', 'TAKEOVER');
      const adoption = await adoptSuccessor(store, witnessed);
      expect(adoption).to.include({ lost: 0 });
      expect(await apply(store, {})).to.equal(adoption.revision + 1);
    });

    it('hands over as planned under load and loses nothing', async () => {
      const { store } = await open('async');
      const load = new WriteLoad(store, 8);
      await eventually(() => load.acknowledged.length > 200, 'writes');
      const report = await store.failover?.();
      expect(report?.from).to.not.equal(report?.to);
      expect(await adoptSuccessor(store, load.highest)).to.include({ lost: 0 });
      await load.stop();
      expect(load.revisionsWentBack).to.equal(false);
      expect(await load.missingFrom(store)).to.deep.equal([]);
    });
  });
});
