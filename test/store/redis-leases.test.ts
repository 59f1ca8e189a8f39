import { expect } from 'chai';
import { SWEEP_CLAMP_MS, type Store } from '../../src/store/store.ts';
import { eventually } from '../support/eventually.ts';
import { requireRedis, type RedisServer } from '../support/redis-server.ts';
import { apply, pause } from './harness.ts';
import { cleanUp, openStore, startServer } from './redis-harness.ts';

const LEASES = Array.from({ length: 50 }, (_, index) => `l${index}`);
const TTL_MS = 2000;

describe('redis store: lease clock', function () {
  this.timeout(30_000);
  let server: RedisServer;
  let store: Store;

  before(function () {
    requireRedis(this);
  });

  beforeEach(async () => {
    server = await startServer({ appendonly: true, appendfsync: 'always' });
    store = await openStore(server.url);
    await store.sweep({ sweeper: 'a', limit: 100 });
    await apply(store, { grants: LEASES.map((lease) => ({ lease, ttlMs: TTL_MS })) });
  });

  afterEach(cleanUp);

  const sweep = (sweeper = 'a') => store.sweep({ sweeper, limit: 100 });
  const renewAll = () => store.renew(LEASES.map((lease) => ({ lease, ttlMs: TTL_MS })));

  /** Sweeps until every lease is due; returns how long that took. */
  async function untilDue(): Promise<number> {
    const begin = performance.now();
    await eventually(async () => (await sweep()).due.length === LEASES.length, 'all due');
    return performance.now() - begin;
  }

  it('expires nobody over three seconds in which Redis is dead, and finds the dead afterwards', async () => {
    await server.kill();
    await pause(3000);
    await server.restart();
    const adoption = await eventually(() => store.adopt(1), 'adoption');
    expect(adoption.opened).to.equal(true);
    const first = await sweep();
    expect(first).to.deep.include({ leader: true, due: [] });
    expect(first.resumedAtMs).to.equal(first.nowMs);
    expect(await renewAll()).to.not.include(false);
    expect(await untilDue()).to.be.above(TTL_MS - 100);
  });

  it('expires nobody over three seconds in which Redis is stopped', async () => {
    const before = await sweep();
    server.pause();
    await pause(3000);
    server.resume();
    const first = await eventually(() => sweep(), 'sweep');
    expect(first.due).to.deep.equal([]);
    expect(first.nowMs - before.nowMs).to.be.at.most(2 * SWEEP_CLAMP_MS);
    expect(first.resumedAtMs).to.be.above(before.resumedAtMs);
  });

  for (const [direction, wall] of [
    ['forward', '1000000000000'],
    ['back', '9000000000000'],
  ] as const) {
    it(`expires nobody when the wall clock jumps ${direction}`, async () => {
      await sweep();
      // As if the last sweep had been long ago, or lay in the future.
      await server.call('HSET', '{rollcall}:meta', 'wall', wall);
      const after = await sweep();
      expect(after.due).to.deep.equal([]);
      expect(after.resumedAtMs).to.equal(after.nowMs);
      expect(await untilDue()).to.be.below(TTL_MS + 1500);
    });
  }

  it('counts a lease from its grant, not from the sweep before it', async () => {
    await pause(SWEEP_CLAMP_MS / 2);
    await apply(store, { grants: [{ lease: 'late', ttlMs: 300 }] });
    expect((await sweep()).due).to.not.include('late');
  });

  it('moves the clock for a sweeper that does not lead too, and shows it nobody who is due', async () => {
    const { nowMs } = await sweep();
    await pause(100);
    const other = await sweep('b');
    expect(other).to.deep.include({ leader: false, resumedAtMs: 0, due: [] });
    expect(other.nowMs).to.be.within(nowMs + 100, nowMs + SWEEP_CLAMP_MS);
    expect((await sweep()).nowMs).to.be.at.least(other.nowMs);
  });

  it('renews more leases than fit into one call', async () => {
    const many = Array.from({ length: 2500 }, (_, index) => `many${index}`);
    await apply(store, { grants: many.map((lease) => ({ lease, ttlMs: TTL_MS })) });
    const renewals = [...many, 'unknown', ...many].map((lease) => ({ lease, ttlMs: TTL_MS }));
    const renewed = await store.renew(renewals);
    expect(renewed).to.have.length(5001);
    expect(renewed.indexOf(false)).to.equal(2500);
    expect(renewed.lastIndexOf(false)).to.equal(2500);
  });
});
