import { expect } from 'chai';
import { EPOCH_SPAN } from '../../src/core/index.ts';
import type { Store } from '../../src/store/store.ts';
import { eventually } from '../support/eventually.ts';
import { requireRedis, type RedisServer } from '../support/redis-server.ts';
import { TcpProxy } from '../support/tcp-proxy.ts';
import { apply, codeOf, put, txn } from './harness.ts';
import { buildStore, cleanUp, closeStores, openStore, startServer, storedKeys } from './redis-harness.ts';

/** Waits until the store is connected again and the fence refuses it. */
async function untilRefused(store: Store): Promise<void> {
  await eventually(async () => (await codeOf(store.commit(txn({})))) === 'epoch_changed', 'epoch_changed');
}

/** Waits until a replica holds a revision. */
async function untilCopied(replica: RedisServer, revision: number): Promise<void> {
  const stored = () => replica.call('HGET', '{rollcall}:meta', 'revision');
  await eventually(async () => (await stored()) === String(revision), 'replication');
}

describe('redis store: fence and epoch', function () {
  this.timeout(30_000);
  let server: RedisServer;

  before(function () {
    requireRedis(this);
  });

  beforeEach(async () => {
    server = await startServer({ appendonly: true, appendfsync: 'always' });
  });

  afterEach(cleanUp);

  async function commits(store: Store, prefix: string, count: number): Promise<number> {
    let revision = 0;
    for (let i = 0; i < count; i += 1) revision = await apply(store, { puts: [put(`${prefix}${i}`)] });
    return revision;
  }

  it('begins with epoch 0 and revision 1, and applies nothing before adopt', async () => {
    const store = buildStore(server.url);
    await store.open();
    expect(await codeOf(store.commit(txn({ puts: [put('a')] })))).to.equal('epoch_changed');
    expect(await store.adopt(0)).to.deep.equal({
      revision: 0,
      epoch: 0,
      opened: true,
      lost: 0,
      fresh: true,
    });
    expect(await storedKeys(store)).to.deep.equal([]);
    expect(await apply(store, { puts: [put('a')] })).to.equal(1);
    expect(await store.adopt(1)).to.deep.equal({
      revision: 1,
      epoch: 0,
      opened: false,
      lost: 0,
      fresh: false,
    });
  });

  it('refuses every verb after a restart, until adopt opens the next epoch', async () => {
    const store = await openStore(server.url);
    const before = await commits(store, 'k', 5);
    await server.restart();
    await untilRefused(store);
    expect(await codeOf(store.renew([{ lease: 'l', ttlMs: 1 }]))).to.equal('epoch_changed');
    expect(await codeOf(store.sweep({ sweeper: 's', limit: 1 }))).to.equal('epoch_changed');
    expect(await codeOf(store.compact(1))).to.equal('epoch_changed');
    expect(await codeOf(store.revision())).to.equal('epoch_changed');
    expect(await codeOf(store.barrier())).to.equal('epoch_changed');

    const adoption = await store.adopt(before);
    expect(adoption).to.deep.equal({
      revision: EPOCH_SPAN + 1,
      epoch: 1,
      opened: true,
      lost: 0,
      fresh: false,
    });
    expect(await storedKeys(store)).to.deep.equal(['k0', 'k1', 'k2', 'k3', 'k4']);
    expect(await apply(store, { puts: [put('late')] })).to.equal(EPOCH_SPAN + 2);
    expect(await store.revision()).to.equal(EPOCH_SPAN + 2);
  });

  it('is opened by whoever asks first; the rest must adopt it too', async () => {
    const [first, second] = [await openStore(server.url), await openStore(server.url)];
    const before = await commits(first, 'k', 3);
    await server.restart();
    expect(await eventually(() => first.adopt(before), 'adoption')).to.include({ epoch: 1, opened: true });
    await untilRefused(second);
    expect(await second.adopt(before)).to.include({
      epoch: 1,
      opened: false,
      lost: 0,
      revision: EPOCH_SPAN + 1,
    });
    await apply(second, { puts: [put('x')] });
    await apply(first, { puts: [put('y')] });
  });

  it('counts what a lagging replica lost, and never goes back', async () => {
    const replica = await startServer();
    const proxy = await TcpProxy.start(server.port);
    try {
      const store = await openStore(`redis://127.0.0.1:${proxy.port}`);
      await commits(store, 'kept', 10);
      await replica.call('REPLICAOF', '127.0.0.1', server.port);
      await eventually(
        async () => String(await replica.call('INFO', 'replication')).includes('link_status:up'),
        'replication',
      );
      // The primary changes its replication id when its first replica attaches.
      const seen = (await store.adopt(10)).revision;
      const last = await apply(store, { puts: [put('kept10')] });
      await untilCopied(replica, last);
      await replica.call('REPLICAOF', 'NO', 'ONE');
      const witnessed = await commits(store, 'lost', 7);
      expect(witnessed).to.equal(last + 7);

      proxy.switchTo(replica.port);
      proxy.cut();
      await untilRefused(store);
      const adoption = await store.adopt(witnessed);
      expect(adoption).to.include({ opened: true, lost: 7, fresh: false });
      expect(adoption.epoch).to.equal(Math.floor(seen / EPOCH_SPAN) + 1);
      expect(adoption.revision).to.be.greaterThan(witnessed);
      expect(await storedKeys(store)).to.have.length(11);
    } finally {
      await closeStores();
      await proxy.stop();
      await replica.stop();
    }
  });

  it('leaves a primary that became a replica for the one that its address leads to now', async () => {
    const successor = await startServer();
    const proxy = await TcpProxy.start(server.port);
    try {
      const store = await openStore(`redis://127.0.0.1:${proxy.port}`);
      await successor.call('REPLICAOF', '127.0.0.1', server.port);
      await eventually(
        async () => String(await successor.call('INFO', 'replication')).includes('link_status:up'),
        'replication',
      );
      await store.adopt(0);
      const witnessed = await commits(store, 'k', 3);
      await untilCopied(successor, witnessed);
      await successor.call('REPLICAOF', 'NO', 'ONE');
      await server.call('REPLICAOF', '127.0.0.1', successor.port);
      proxy.switchTo(successor.port);
      await untilRefused(store);
      expect(await store.adopt(witnessed)).to.include({ opened: true, lost: 0 });
      await commits(store, 'l', 1);
      expect(await storedKeys(store)).to.deep.equal(['k0', 'k1', 'k2', 'l0']);
    } finally {
      await closeStores();
      await proxy.stop();
      await successor.stop();
    }
  });

  it('takes an emptied Redis for a loss, not for a beginning', async () => {
    const store = await openStore(server.url);
    const witnessed = await commits(store, 'k', 6);
    await server.call('FLUSHALL');
    expect(await codeOf(store.commit(txn({ puts: [put('x')] })))).to.equal('epoch_changed');
    const adoption = await store.adopt(witnessed);
    expect(adoption).to.deep.equal({
      revision: EPOCH_SPAN + 1,
      epoch: 1,
      opened: true,
      lost: 6,
      fresh: true,
    });
    expect(await apply(store, { puts: [put('x')] })).to.equal(EPOCH_SPAN + 2);
  });

  it('tells an emptied Redis that somebody else began anew from the one it knew', async () => {
    const store = await openStore(server.url);
    const witnessed = await commits(store, 'old', 3);
    await server.call('FLUSHALL');
    const other = await openStore(server.url);
    await commits(other, 'new', 5);
    expect(await codeOf(store.commit(txn({ puts: [put('x')] })))).to.equal('epoch_changed');
    expect(await store.adopt(witnessed)).to.include({ epoch: 1, opened: true, lost: 3, fresh: false });
    expect(await codeOf(other.commit(txn({ puts: [put('x')] })))).to.equal('epoch_changed');
    expect(await other.adopt(5)).to.include({ epoch: 1, opened: false, lost: 0 });
  });

  it('never uses an epoch again, even where the store never heard of it', async () => {
    const store = await openStore(server.url);
    await commits(store, 'k', 2);
    const adoption = await store.adopt(4 * EPOCH_SPAN + 9);
    expect(adoption).to.deep.equal({
      revision: 5 * EPOCH_SPAN + 1,
      epoch: 5,
      opened: true,
      lost: 9,
      fresh: false,
    });
  });

  it('goes on after the log where the meta was lost', async () => {
    const store = await openStore(server.url);
    await commits(store, 'k', 4);
    await server.call('DEL', '{rollcall}:meta');
    expect(await codeOf(store.commit(txn({ puts: [put('x')] })))).to.equal('epoch_changed');
    expect(await store.adopt(0)).to.include({ epoch: 1, opened: true, lost: 0, fresh: false });
    await apply(store, { puts: [put('x')] });
  });

  it('goes on after the log where the meta is behind it', async () => {
    const store = await openStore(server.url);
    await commits(store, 'k', 4);
    await server.call('HSET', '{rollcall}:meta', 'revision', '2');
    expect(await codeOf(store.commit(txn({ puts: [put('x')] })))).to.equal('epoch_changed');
    expect(await store.adopt(2)).to.include({ epoch: 1, opened: true, lost: 0, fresh: false });
    await apply(store, { puts: [put('x')] });
  });

  it('does not let a lost revision vouch for a topic', async () => {
    const store = await openStore(server.url);
    const kept = await apply(store, { touches: ['t'] });
    const adoption = await store.adopt(kept + 10);
    const compareAt = (revision: number) =>
      store.commit(txn({ compares: [{ kind: 'topic', topic: 't', revision }], puts: [put('x')] }));
    expect(await compareAt(kept + 10)).to.include({ outcome: 'conflict' });
    expect(await compareAt(kept)).to.include({ outcome: 'applied' });
    expect(await compareAt(adoption.revision)).to.include({ outcome: 'applied' });
  });

  it('refuses a store that was written with another layout', async () => {
    const store = await openStore(server.url);
    await server.call('HSET', '{rollcall}:meta', 'format', '2');
    expect(await codeOf(store.adopt(0))).to.equal('unavailable');
  });

  it('keeps namespaces apart', async () => {
    const [one, two] = [await openStore(server.url), await openStore(server.url, { namespace: 'other' })];
    await commits(one, 'k', 3);
    expect(await two.revision()).to.equal(0);
    expect(await storedKeys(two)).to.deep.equal([]);
  });
});
