import { expect } from 'chai';
import { EPOCH_SPAN } from '../../src/core/index.ts';
import type { Durability } from '../../src/store/redis/index.ts';
import { StoreError, type Store } from '../../src/store/store.ts';
import { eventually } from '../support/eventually.ts';
import { SentinelTopology } from '../support/redis-sentinel.ts';
import { requireRedis, type RedisServer } from '../support/redis-server.ts';
import { describeStoreContract } from '../store/contract.ts';
import { apply, codeOf, picture, put, txn } from '../store/harness.ts';
import { all, closeStores, makeRedisHarness, openStore, storedKeys } from '../store/redis-harness.ts';
import { WriteLoad } from '../store/write-load.ts';

const DOWN_AFTER_MS = 1000;
/** The sentinels' own time, and what a loaded machine takes. */
const FAILOVER_WITHIN_MS = DOWN_AFTER_MS + 8000;

describe('redis store on Sentinel', function () {
  this.timeout(60_000);
  let topology: SentinelTopology;
  let started: SentinelTopology | undefined;
  let killed: RedisServer | undefined;
  let namespaces = 0;

  before(async function () {
    requireRedis(this);
    topology = started = await SentinelTopology.start({
      downAfterMs: DOWN_AFTER_MS,
      server: { appendonly: true },
    });
  });

  after(async () => {
    await started?.stop();
  });

  /** Everybody is up again and in touch. */
  async function heal(): Promise<void> {
    for (const server of topology.servers) server.resume();
    // Back too early, it would find itself the primary for as long as the sentinels take to notice.
    await eventually(async () => (await topology.primary()) !== killed, 'a failover', 30_000);
    await killed?.restart();
    killed = undefined;
    await topology.untilSettled(2);
  }

  /** A store of its own, all of whose writes are as durable as that. */
  async function open(durability: Durability): Promise<Store> {
    namespaces += 1;
    return openStore(topology.url, { namespace: `test-${namespaces}`, ...all(durability) });
  }

  async function killPrimary(): Promise<RedisServer> {
    killed = await topology.primary();
    await killed.kill();
    return killed;
  }

  async function crash(): Promise<void> {
    await heal();
    await killPrimary();
  }

  /** Adopts until the store is somewhere else than before. */
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

  describeStoreContract(
    'redis on Sentinel, safe',
    makeRedisHarness(() => topology.url, crash, { ...all('safe'), openTimeoutMs: 20_000 }),
  );

  describe('as it moves', () => {
    beforeEach(heal);
    afterEach(closeStores);

    it('follows a primary that was killed, and loses nothing that replicas had confirmed', async () => {
      const store = await open('safe');
      const load = new WriteLoad(store, 8);
      await eventually(() => load.acknowledged.length > 200, 'writes');
      await killPrimary();
      const killedAt = performance.now();
      const adoption = await adoptSuccessor(store, load.highest);
      await eventually(() => load.lastAcknowledgedAt > killedAt, 'writes again', FAILOVER_WITHIN_MS);
      const gapMs = load.lastAcknowledgedAt - killedAt;
      await load.stop();
      expect(gapMs).to.be.below(FAILOVER_WITHIN_MS);
      expect(adoption).to.include({ lost: 0, opened: true });
      expect(load.revisionsWentBack).to.equal(false);
      expect(await load.missingFrom(store)).to.deep.equal([]);
    });

    it('leaves a primary that stands still, and trusts it no more when it wakes', async () => {
      const store = await open('safe');
      const witnessed = await apply(store, { puts: [put('before')] });
      const frozen = await topology.primary();
      frozen.pause();
      const adoption = await adoptSuccessor(store, witnessed);
      expect(adoption).to.include({ lost: 0 });
      const after = await apply(store, { puts: [put('after')] });
      frozen.resume();
      expect(await apply(store, { puts: [put('later')] })).to.equal(after + 1);
      expect(await storedKeys(store)).to.deep.equal(['after', 'before', 'later']);
    });

    it('ends its followers when the primary moves', async () => {
      const store = await open('safe');
      const revision = await apply(store, { puts: [put('a')] });
      const follower = store.follow(revision, AbortSignal.timeout(30_000))[Symbol.asyncIterator]();
      await follower.next();
      const ended = (async () => {
        for (;;) if ((await follower.next()).done === true) return 'done';
      })().catch((error: unknown) => (error instanceof StoreError ? error.code : error));
      await killPrimary();
      expect(await ended).to.equal('unavailable');
    });

    it('reports a write that too few replicas confirmed as unknown, and refuses to prove a read', async () => {
      const store = await open('all');
      // A replica that has just attached may be slow to confirm.
      const before = await eventually(() => apply(store, { puts: [put('a')] }), 'confirmation');
      const primary = await topology.primary();
      const replica = topology.servers.find((server) => server !== primary);
      replica?.pause();
      expect(await codeOf(store.commit(txn({ puts: [put('b')] })))).to.equal('unknown_outcome');
      expect(await codeOf(store.barrier())).to.equal('unavailable');
      // What needs no confirmation goes on.
      expect(await store.revision()).to.equal(before + 1);
      replica?.resume();
      await eventually(async () => (await apply(store, { puts: [put('c')] })) > before, 'confirmation');
      expect(await store.barrier()).to.be.greaterThan(before + 1);
    });

    it('refuses a planned failover that could lose something, and writes go on', async () => {
      const store = await open('async');
      const primary = await topology.primary();
      const replica = topology.servers.find((server) => server !== primary);
      replica?.pause();
      const started = performance.now();
      expect(await codeOf(store.failover?.() ?? Promise.resolve())).to.equal('unavailable');
      expect(performance.now() - started).to.be.below(8000);
      await apply(store, { puts: [put('a')] });
      expect((await topology.primary()).port).to.equal(primary.port);
    });

    it('says where it is', async () => {
      const store = await open('async');
      const { port } = await topology.primary();
      await eventually(() => store.details?.()?.liveReplicas === 2, 'two live replicas');
      expect(store.details?.()).to.include({
        topology: 'sentinel',
        primary: `127.0.0.1:${port}`,
        knownReplicas: 2,
        fenced: true,
      });
    });

    it('opens a higher epoch at each failover', async () => {
      const store = await open('safe');
      const witnessed = await apply(store, { puts: [put('a')] });
      const epochBefore = Math.floor(witnessed / EPOCH_SPAN);
      await killPrimary();
      const adoption = await adoptSuccessor(store, witnessed);
      expect(adoption.epoch).to.equal(epochBefore + 1);
      expect((await picture(store)).base).to.be.greaterThan(witnessed);
    });
  });
});
