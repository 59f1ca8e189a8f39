import { expect } from 'chai';
import { fenceIndexOf, RollcallError, type Session } from '../../src/core/index.ts';
import { createLogger } from '../../src/platform/logger.ts';
import { systemRandom } from '../../src/platform/random.ts';
import { LeaseSweeper } from '../../src/runtime/lease-sweeper.ts';
import { createRedisStore } from '../../src/store/redis/index.ts';
import { eventually } from '../support/eventually.ts';
import { aNode } from '../support/pure-catalog.ts';
import { RedisServer, requireRedis } from '../support/redis-server.ts';
import { startRegistry, type TestRegistry } from '../support/registry.ts';

const logger = createLogger('silent');
const value = new Uint8Array([1]);

function session(fields: Partial<Session> = {}): Omit<Session, 'id'> {
  return { name: '', node: 'n1', lockDelayMs: 0, behavior: 'release', ttlMs: 0, checks: [], ...fields };
}

const put = (key: string, holder: string) => ({ key, value, flags: '0', session: holder });

async function registerNode({ registry }: TestRegistry): Promise<void> {
  await registry.catalog.register({
    node: aNode('n1'),
    keepNode: true,
    checks: [],
    replaceChecks: false,
  });
}

async function codeOf(call: Promise<unknown>): Promise<string> {
  try {
    await call;
  } catch (error) {
    if (error instanceof RollcallError) return error.code;
    throw error;
  }
  return 'nothing thrown';
}

function sweeperOf({ registry }: TestRegistry): LeaseSweeper {
  const sweeper = new LeaseSweeper({ registry, logger, random: systemRandom });
  sweeper.start();
  return sweeper;
}

describe('sessions and locks on one registry', () => {
  let test: TestRegistry;
  let sweeper: LeaseSweeper;
  beforeEach(async () => {
    test = await startRegistry();
    await registerNode(test);
    sweeper = sweeperOf(test);
    await eventually(() => sweeper.leads, 'the first sweep');
  });
  afterEach(async () => {
    await sweeper.stop();
    await test.stop();
  });

  it('end a session that is not renewed, after its TTL, and let its lock go once the delay is over', async () => {
    const { sessions, kv } = test.registry;
    const id = await sessions.create(session({ ttlMs: 600, lockDelayMs: 400 }));
    const next = await sessions.create(session());
    const createdAt = performance.now();
    await kv.acquire(put('lock', id));
    expect((await kv.acquire(put('lock', next))).outcome).to.equal('held');
    await eventually(() => !test.registry.state.sessions.has(id), 'the end of the session');
    expect(performance.now() - createdAt).to.be.above(600);
    const endedAt = performance.now();
    expect((await kv.acquire(put('lock', next))).outcome).to.equal('delayed');
    await eventually(async () => (await kv.acquire(put('lock', next))).outcome === 'acquired', 'the lock');
    expect(performance.now() - endedAt).to.be.above(350);
    expect(test.registry.state.kv.get('lock')).to.include({ session: next, lockIndex: 2 });
  });

  it('keep a session that is renewed within its TTL, without a commit', async () => {
    const { sessions } = test.registry;
    const id = await sessions.create(session({ ttlMs: 600 }));
    const before = test.view.state.revision;
    const until = performance.now() + 3000;
    while (performance.now() < until) {
      expect((await sessions.renew(id)).id).to.equal(id);
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    expect(test.view.state.revision).to.equal(before);
  });

  it('start a lease anew that the store has lost, and refuse to renew what has ended', async () => {
    const { sessions } = test.registry;
    const id = await sessions.create(session({ ttlMs: 60_000 }));
    const lease = `session\0${id}`;
    const empty = { operation: 'x', compares: [], puts: [], deletes: [], touches: [], grants: [] };
    await test.store.commit({ ...empty, revokes: [lease] });
    await sessions.renew(id);
    expect(await test.store.renew([{ lease, ttlMs: 1000 }])).to.deep.equal([true]);
    await sessions.destroy(id);
    await sessions.destroy(id);
    expect(await codeOf(sessions.renew(id))).to.equal('session_not_found');
    expect(await codeOf(test.registry.kv.acquire(put('k', id)))).to.equal('session_not_found');
  });
});

describe('sessions and locks on two registries over one Redis', () => {
  let redis: RedisServer;
  let nodes: TestRegistry[] = [];
  before(function () {
    requireRedis(this);
  });
  beforeEach(async () => {
    redis = await RedisServer.start({ appendonly: true, appendfsync: 'always' });
    const start = (nodeId: string) =>
      startRegistry({
        identity: { nodeId },
        store: createRedisStore({ url: redis.url, namespace: 'locks', historyLength: 10_000, logger }),
      });
    nodes = [await start('one'), await start('two')];
    await Promise.all(nodes.map(registerNode));
  });
  afterEach(async () => {
    await Promise.all(nodes.map((node) => node.stop()));
    await redis.stop();
  });

  const node = (i: number): TestRegistry => {
    const found = nodes[i % nodes.length];
    if (found === undefined) throw new Error('no node');
    return found;
  };

  it('have at most one holder of a lock at any time, with growing lock indexes and fencing tokens', async () => {
    let holder: string | undefined;
    const held: { lockIndex: number; fence: number }[] = [];
    const work = async (i: number) => {
      const { registry } = node(i);
      let id = await registry.sessions.create(session());
      for (let taken = 0; taken < 8;) {
        const { outcome, fenceIndex } = await registry.kv.acquire(put('leader', id));
        if (outcome !== 'acquired') continue;
        expect(holder, 'somebody else holds the lock').to.equal(undefined);
        holder = id;
        taken++;
        const pair = registry.state.kv.get('leader');
        held.push({ lockIndex: pair?.lockIndex ?? 0, fence: fenceIndex });
        expect(pair && [pair.session, fenceIndexOf(pair)]).to.deep.equal([id, fenceIndex]);
        await new Promise((resolve) => setImmediate(resolve));
        expect(holder).to.equal(id);
        holder = undefined;
        if (taken % 2 === 0) {
          expect(await registry.kv.release(put('leader', id))).to.equal(true);
        } else {
          await registry.sessions.destroy(id);
          id = await registry.sessions.create(session());
        }
      }
    };
    await Promise.all(Array.from({ length: 6 }, (_, i) => work(i)));
    expect(held).to.have.length(48);
    held.forEach(({ lockIndex, fence }, i) => {
      expect(lockIndex).to.equal(i + 1);
      expect(fence).to.be.above(held[i - 1]?.fence ?? 0);
    });
  });

  it('leave no key with a session that ended while another node acquired the key for it', async () => {
    for (let round = 0; round < 40; round++) {
      const id = await node(round).registry.sessions.create(session());
      await eventually(() => node(round + 1).registry.state.sessions.has(id), 'the session on both nodes');
      const acquire = () => codeOf(node(round + 1).registry.kv.acquire(put(`k${String(round)}`, id)));
      const destroy = () => node(round).registry.sessions.destroy(id);
      await Promise.all((round % 2 === 0 ? [acquire, destroy] : [destroy, acquire]).map((call) => call()));
      await node(0).registry.reads.read({ topics: [], index: () => 1, run: () => 1 }, { mode: 'default' });
      expect(node(0).registry.state.keysHeldBy(id).size, `round ${String(round)}`).to.equal(0);
    }
  });

  it('show events of both in one order', async () => {
    const event = { payload: '', nodeFilter: '', serviceFilter: '', tagFilter: '' };
    const fired = await Promise.all(
      Array.from({ length: 40 }, async (_, i) =>
        node(i).registry.events.fire({ ...event, name: `e${String(i)}` }),
      ),
    );
    const times = fired.map(({ time }) => time).sort((a, b) => a - b);
    expect(times).to.deep.equal(Array.from({ length: 40 }, (_, i) => i + 1));
    const listed = nodes.map(({ registry }) =>
      [...registry.state.events.withPrefix('')].map(([, each]) => each.id),
    );
    expect(listed[0]).to.deep.equal(listed[1]);
  });

  it('refuse acquisitions for 15 s after the store has become another one, and keep sessions meanwhile', async function () {
    this.timeout(120_000);
    const { registry } = node(0);
    const sweepers = nodes.map(sweeperOf);
    try {
      await eventually(() => sweepers.some(({ leads }) => leads), 'the first sweep');
      const id = await registry.sessions.create(session({ ttlMs: 10_000 }));
      expect((await registry.kv.acquire(put('mine', id))).outcome).to.equal('acquired');
      const restartedAt = performance.now();
      await redis.restart();
      await eventually(() => registry.state.revision > 2 ** 32, 'the next epoch', 20_000);
      // The connection that learned of the epoch may be ahead of the one that writes.
      await eventually(() => registry.sessions.renew(id), 'the first renewal of the epoch');
      expect((await registry.kv.acquire(put('other', id))).outcome).to.equal('delayed');
      expect(await registry.kv.release(put('mine', id))).to.equal(true);
      await eventually(
        async () => {
          await registry.sessions.renew(id);
          return (await node(1).registry.kv.acquire(put('other', id))).outcome === 'acquired';
        },
        'the first acquisition of the epoch',
        60_000,
      );
      expect(performance.now() - restartedAt).to.be.above(15_000);
      expect(registry.state.kv.get('other')?.lockIndex).to.equal(2 ** 20);
    } finally {
      await Promise.all(sweepers.map((sweeper) => sweeper.stop()));
    }
  });
});
