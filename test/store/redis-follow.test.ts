import { expect } from 'chai';
import { type Commit, EPOCH_SPAN } from '../../src/core/index.ts';
import { StoreError, type Store } from '../../src/store/store.ts';
import { eventually } from '../support/eventually.ts';
import { requireRedis, type RedisServer } from '../support/redis-server.ts';
import { TcpProxy } from '../support/tcp-proxy.ts';
import { apply, codeOf, commitsUpTo, pause, put, txn } from './harness.ts';
import { cleanUp, openStore, startServer } from './redis-harness.ts';

async function drain(commits: AsyncIterable<readonly Commit[]>, seen: number[] = []): Promise<void> {
  for await (const batch of commits) seen.push(...batch.map(({ revision }) => revision));
}

/** Follows as a view does: on from the last revision whenever the store was unavailable. */
async function followAlways(store: Store, seen: number[], signal: AbortSignal): Promise<number> {
  let interruptions = 0;
  while (!signal.aborted) {
    try {
      await drain(store.follow(seen.at(-1) ?? 0, signal), seen);
    } catch (error) {
      if (!(error instanceof StoreError && error.code === 'unavailable')) throw error;
      interruptions += 1;
      await pause(10);
    }
  }
  return interruptions;
}

describe('redis store: following', function () {
  this.timeout(30_000);
  let server: RedisServer;
  let proxy: TcpProxy;
  let url: string;

  before(function () {
    requireRedis(this);
  });

  beforeEach(async () => {
    server = await startServer({ appendonly: true });
    proxy = await TcpProxy.start(server.port);
    url = `redis://127.0.0.1:${proxy.port}`;
  });

  afterEach(async () => {
    await cleanUp();
    await proxy.stop();
  });

  it('goes on after a cut without missing or repeating anything', async () => {
    const [store, writer] = [await openStore(url), await openStore(server.url)];
    const stop = new AbortController();
    const seen: number[] = [];
    const follower = followAlways(store, seen, stop.signal);
    for (let round = 0; round < 5; round += 1) {
      await Promise.all(
        Array.from({ length: 30 }, (_, n) => apply(writer, { puts: [put(`${round}/${n}`)] })),
      );
      proxy.cut();
      await Promise.all(
        Array.from({ length: 30 }, (_, n) => apply(writer, { puts: [put(`${round}+${n}`)] })),
      );
      await pause(50);
    }
    const last = await writer.revision();
    await eventually(() => seen.at(-1) === last, 'the last commit');
    stop.abort();
    expect(await follower).to.be.at.least(1);
    expect(seen).to.deep.equal(Array.from({ length: 300 }, (_, index) => index + 1));
  });

  it('says unavailable when the network swallows everything, not that there is no news', async () => {
    const store = await openStore(url);
    const batches: number[] = [];
    const follower = (async () => {
      for await (const batch of store.follow(0, AbortSignal.timeout(20_000))) batches.push(batch.length);
    })();
    await eventually(() => batches.length > 0, 'an empty batch');
    proxy.freeze();
    const begin = performance.now();
    const before = batches.length;
    expect(await codeOf(follower)).to.equal('unavailable');
    expect(performance.now() - begin).to.be.below(6000);
    expect(batches.length - before).to.be.at.most(1);
  });

  it('says unavailable where Redis is dead', async () => {
    const store = await openStore(url);
    await server.kill();
    proxy.cut();
    expect(await codeOf(drain(store.follow(0, AbortSignal.timeout(10_000))))).to.equal('unavailable');
  });

  it('begins in the middle of a group', async () => {
    const store = await openStore(url);
    await Promise.all(Array.from({ length: 10 }, (_, n) => apply(store, { puts: [put(`k${n}`)] })));
    expect(await server.call('XLEN', '{rollcall}:log'), 'one entry').to.equal(1);
    const commits = await commitsUpTo(store, 7, 10);
    expect(commits.map(({ revision, puts }) => [revision, puts[0]?.key])).to.deep.equal([
      [8, 'k7'],
      [9, 'k8'],
      [10, 'k9'],
    ]);
  });

  it('answers gap where the log was trimmed to nothing', async () => {
    const store = await openStore(url);
    for (let n = 0; n < 3; n += 1) await apply(store, { puts: [put(`k${n}`)] });
    await server.call('XTRIM', '{rollcall}:log', 'MAXLEN', 0);
    expect(await codeOf(drain(store.follow(2, AbortSignal.timeout(10_000))))).to.equal('gap');
    const seen: number[] = [];
    const follower = drain(store.follow(3, AbortSignal.timeout(1500)), seen);
    await apply(store, { puts: [put('k3')] });
    await follower;
    expect(seen).to.deep.equal([4]);
  });

  it('answers gap where an entry is missing', async () => {
    const store = await openStore(url);
    for (let n = 0; n < 4; n += 1) await apply(store, { puts: [put(`k${n}`)] });
    await server.call('XDEL', '{rollcall}:log', '3-0');
    const seen: number[] = [];
    expect(await codeOf(drain(store.follow(0, AbortSignal.timeout(10_000)), seen))).to.equal('gap');
    expect(seen).to.deep.equal([]);
    expect(await codeOf(drain(store.follow(2, AbortSignal.timeout(10_000))))).to.equal('gap');
    expect(await commitsUpTo(store, 3, 4)).to.have.length(1);
  });

  it('answers gap above the revision of the store', async () => {
    const store = await openStore(url);
    await apply(store, {});
    expect(await codeOf(drain(store.follow(2, AbortSignal.timeout(10_000))))).to.equal('gap');
  });

  it('answers gap after a restart, without waiting for somebody to adopt', async () => {
    const store = await openStore(url);
    const revision = await apply(store, { puts: [put('a')] });
    await server.restart();
    const code = await eventually(async () => {
      const found = await codeOf(drain(store.follow(revision, AbortSignal.timeout(10_000))));
      return found !== 'unavailable' && found;
    }, 'connection');
    expect(code).to.equal('gap');
  });

  it('answers gap to a running follower when Redis is emptied', async () => {
    const store = await openStore(url);
    const revision = await apply(store, { puts: [put('a')] });
    const follower = codeOf(drain(store.follow(revision, AbortSignal.timeout(10_000))));
    await pause(100);
    await server.call('FLUSHALL');
    const other = await openStore(url);
    for (let n = 0; n < 3; n += 1) await apply(other, { puts: [put(`new${n}`)] });
    expect(await follower).to.equal('gap');
  });

  it('carries a store over its epochs', async () => {
    const store = await openStore(url);
    const revision = await apply(store, { puts: [put('a')] });
    await server.restart();
    const adoption = await eventually(() => store.adopt(revision), 'adoption');
    await apply(store, { puts: [put('b')] });
    const commits = await commitsUpTo(store, adoption.revision, EPOCH_SPAN + 2);
    expect(commits.map(({ puts }) => puts[0]?.key)).to.deep.equal(['b']);
    expect(await codeOf(drain(store.follow(revision, AbortSignal.timeout(10_000))))).to.equal('gap');
  });

  it('keeps a log of the given length', async () => {
    const store = await openStore(url, { historyLength: 200 });
    for (let n = 0; n < 12; n += 1) {
      await Promise.all(Array.from({ length: 100 }, () => store.commit(txn({ puts: [put('k')] }))));
    }
    expect(Number(await server.call('XLEN', '{rollcall}:log'))).to.be.within(2, 4);
  });
});
