import { expect } from 'chai';
import fc from 'fast-check';
import { Redis } from 'ioredis';
import type { BinRequest } from '../../src/core/index.ts';
import { StoreError, type Store } from '../../src/store/store.ts';
import { eventually } from '../support/eventually.ts';
import { requireRedis, type RedisServer } from '../support/redis-server.ts';
import { BinWitness, type CapOf } from './bin-witness.ts';
import { codeOf } from './harness.ts';
import { cleanUp, openStore, startServer } from './redis-harness.ts';

const NODES = 4;
const CALLERS = 4;
const LONG_MS = 60_000;
const BIN_KEYS = ['ends', 'places', 'loads'].map((part) => `{rollcall}:bin:${part}`);

const scenario = fc.record({
  weights: fc.array(fc.integer({ min: 1, max: 5 }), { minLength: 2, maxLength: 6 }),
  percent: fc.integer({ min: 100, max: 200 }),
  calls: fc.array(
    fc.record({
      kind: fc.constantFrom('acquire', 'acquire', 'acquire', 'release', 'again'),
      lease: fc.nat(40),
      first: fc.nat(5),
      ttlMs: fc.constantFrom(20, 120, LONG_MS),
    }),
    { minLength: 16, maxLength: 80 },
  ),
});

type Scenario = typeof scenario extends fc.Arbitrary<infer T> ? T : never;

describe('redis store: leases of bins', function () {
  this.timeout(120_000);
  let server: RedisServer;

  before(function () {
    requireRedis(this);
  });
  beforeEach(async () => {
    server = await startServer();
  });
  afterEach(cleanUp);

  function nodes(): Promise<Store[]> {
    return Promise.all(Array.from({ length: NODES }, () => openStore(server.url)));
  }

  function wish(lease: string, bins: string, fields: Partial<BinRequest> = {}): BinRequest {
    const named = bins.split(' ').map((name) => ({ name, share: 1 }));
    return { pool: 'p', lease, ttlMs: LONG_MS, bins: named, divisor: named.length, ...fields };
  }

  function binsOf({ weights, percent }: Scenario): {
    bins: BinRequest['bins'];
    divisor: number;
    capOf: CapOf;
  } {
    const bins = weights.map((weight, index) => ({ name: `b${String(index)}`, share: percent * weight }));
    const divisor = 100 * weights.reduce((sum, weight) => sum + weight, 0);
    const capOf: CapOf = (bin, poolLoad) => {
      const share = bins.find(({ name }) => name === bin)?.share ?? 0;
      return Number((BigInt(share) * BigInt(poolLoad) + BigInt(divisor) - 1n) / BigInt(divisor));
    };
    return { bins, divisor, capOf };
  }

  /** Spreads the calls over callers that run at once, each going through its part in order. */
  async function together(
    count: number,
    calls: Scenario['calls'],
    run: (call: Scenario['calls'][number], caller: number) => Promise<unknown>,
  ) {
    const callers = Array.from({ length: count }, async (_, caller) => {
      for (let index = caller; index < calls.length; index += count) {
        const call = calls[index];
        // A reply that comes too late is no matter here: the witness sees what was done.
        if (call !== undefined)
          await run(call, caller).catch((error: unknown) => {
            if (!(error instanceof StoreError)) throw error;
          });
      }
    });
    await Promise.all(callers);
  }

  it('never exceed a cap, nor pass over a choice that has room, while several nodes take, release and expire', async () => {
    const stores = await nodes();
    let capOf: CapOf = () => 0;
    let pools = 0;
    const witness = await BinWitness.start(server.url, (bin, poolLoad) => capOf(bin, poolLoad));
    const sweeping = setInterval(() => void stores[0]?.sweep({ sweeper: 'a', limit: 1 }), 10);
    const property = fc.asyncProperty(scenario, async (given) => {
      const { bins, divisor } = binsOf(given);
      ({ capOf } = binsOf(given));
      const pool = `p${String((pools += 1))}`;
      await together(NODES * CALLERS, given.calls, async ({ kind, lease: number, first, ttlMs }, caller) => {
        const store = stores[caller % NODES];
        const lease = kind === 'again' ? String(number) : `${String(number)}-${String(caller)}`;
        if (kind === 'release') return store?.release(pool, `${String(number)}-${String(first)}`);
        const rotated = [...bins.slice(first), ...bins.slice(0, first)];
        return store?.acquire({ pool, lease, ttlMs, bins: rotated, divisor });
      });
      await witness.settle();
      expect(witness.violations).to.deep.equal([]);
    });
    try {
      await fc.assert(property, { numRuns: 400, endOnFailure: true });
    } finally {
      clearInterval(sweeping);
      witness.stop();
    }
    const { seen } = witness;
    expect(seen.taken).to.be.above(5000);
    expect(seen.freed).to.be.above(500);
    expect(seen.overflowed).to.be.above(1000);
    console.log(`      ${JSON.stringify(seen)}`);
  });

  it('would be caught by the witness if a node read the loads first and wrote afterwards', async () => {
    const { bins, divisor, capOf } = binsOf({ weights: [1, 1, 1], percent: 100, calls: [] });
    const witness = await BinWitness.start(server.url, capOf);
    const clients = Array.from({ length: NODES * CALLERS }, () => new Redis(server.url));
    const [, places = '', loads = ''] = BIN_KEYS;
    try {
      const takes = clients.map(async (client, caller) => {
        for (let n = 0; n < 20; n += 1) {
          const held = await client.hmget(loads, 'p\0', ...bins.map(({ name }) => `p\0${name}`));
          const [poolLoad = 0, ...counts] = held.map(Number);
          const bin = bins.find(
            ({ share }, index) => (counts[index] ?? 0) < Math.ceil((share * (poolLoad + 1)) / divisor),
          );
          if (bin === undefined) continue;
          const taken = client.multi().hset(places, `p\0l${String(caller)}-${String(n)}`, `p\0${bin.name}`);
          await taken.hincrby(loads, 'p\0', 1).hincrby(loads, `p\0${bin.name}`, 1).exec();
        }
      });
      await Promise.all(takes);
      await witness.settle();
      expect(witness.violations.filter((each) => each.includes('was full'))).to.not.be.empty;
    } finally {
      for (const client of clients) client.disconnect();
      witness.stop();
    }
  });

  it('leave no trace once they are all released or have run out', async () => {
    const [store] = await nodes();
    if (store === undefined) throw new Error('no store');
    await store.sweep({ sweeper: 'a', limit: 1 });
    for (let n = 0; n < 30; n += 1)
      await store.acquire(wish(`l${String(n)}`, 'a b c', { ttlMs: n % 2 ? 50 : LONG_MS }));
    for (let n = 0; n < 30; n += 2) expect(await store.release('p', `l${String(n)}`)).to.equal(true);
    await eventually(async () => {
      await store.sweep({ sweeper: 'a', limit: 1 });
      return (await server.call('EXISTS', ...BIN_KEYS)) === 0;
    }, 'all keys are gone');
  });

  it('begin at none after FLUSHALL, and only in a new epoch', async () => {
    const [store] = await nodes();
    if (store === undefined) throw new Error('no store');
    await store.acquire(wish('before', 'a b'));
    await server.call('FLUSHALL');
    expect(await codeOf(store.acquire(wish('after', 'a b')))).to.equal('epoch_changed');
    expect(await codeOf(store.release('p', 'before'))).to.equal('epoch_changed');
    expect(await server.call('EXISTS', ...BIN_KEYS)).to.equal(0);
    await store.adopt(1);
    expect(await store.acquire(wish('after', 'a b'))).to.include({ bin: 'a', load: 1, poolLoad: 1 });
    expect(await store.release('p', 'before')).to.equal(false);
  });

  for (const lost of BIN_KEYS) {
    it(`begin at none where ${lost} was deleted by hand`, async () => {
      const [store] = await nodes();
      if (store === undefined) throw new Error('no store');
      for (let n = 0; n < 5; n += 1) await store.acquire(wish(`l${String(n)}`, 'a b'));
      await server.call('DEL', lost);
      expect(await store.acquire(wish('next', 'a b'))).to.include({ bin: 'a', load: 1, poolLoad: 1 });
      expect(await store.release('p', 'l0')).to.equal(false);
      expect(await store.release('p', 'next')).to.equal(true);
      expect(await server.call('EXISTS', ...BIN_KEYS)).to.equal(0);
    });
  }

  it('are refused while Redis is out of memory, and can still be given back', async () => {
    const [store] = await nodes();
    if (store === undefined) throw new Error('no store');
    await store.acquire(wish('held', 'a b'));
    await store.acquire(wish('kept', 'a b'));
    await server.call('CONFIG', 'SET', 'maxmemory', '1');
    expect(await codeOf(store.acquire(wish('late', 'a b')))).to.equal('unavailable');
    expect(await store.release('p', 'held')).to.equal(true);
    await server.call('CONFIG', 'SET', 'maxmemory', '0');
    expect(await store.release('p', 'late')).to.equal(false);
    expect(await store.acquire(wish('next', 'a b'))).to.include({ outcome: 'acquired', poolLoad: 2 });
  });

  it('are ended a thousand at a time, and none is given out before those that are due have gone', async () => {
    const [store] = await nodes();
    if (store === undefined) throw new Error('no store');
    await store.sweep({ sweeper: 'a', limit: 1 });
    const due = Array.from({ length: 2500 }, (_, n) => wish(`l${String(n)}`, 'a', { ttlMs: 1, divisor: 1 }));
    await Promise.all(due.map((each) => store.acquire(each)));
    const clock = '999999999';
    await server.call('HSET', '{rollcall}:meta', 'clock', clock);
    const answers = await Promise.all(
      [1, 2, 3].map((n) =>
        store.acquire(wish(`late${String(n)}`, 'a')).then(
          (answer) => answer.poolLoad,
          () => 'refused',
        ),
      ),
    );
    expect(answers).to.deep.equal(['refused', 'refused', 1]);
  });
});
