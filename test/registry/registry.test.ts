import { expect } from 'chai';
import { kvQuery, serviceQuery, type Registration } from '../../src/core/index.ts';
import { eventually } from '../support/eventually.ts';
import { aCheck, aNode, anInstance } from '../support/pure-catalog.ts';
import { startRegistry, type TestRegistry } from '../support/registry.ts';

const bytes = (text: string) => new TextEncoder().encode(text);

function web(id: string, fields: Partial<Registration> = {}): Registration {
  const instance = anInstance('n1', 'web', { id, port: 80 });
  return { node: aNode('n1'), keepNode: true, instance, checks: [], replaceChecks: false, ...fields };
}

describe('registry', () => {
  let test: TestRegistry;
  beforeEach(async () => {
    test = await startRegistry();
  });
  afterEach(async () => {
    await test.stop();
  });

  it('shows a write in the next read', async () => {
    const { catalog, reads } = test.registry;
    await catalog.register(web('a'));
    const { value, index } = await reads.read(serviceQuery('web'), { mode: 'stale' });
    expect(value.map(({ instance }) => instance.id)).to.deep.equal(['a']);
    expect(index).to.equal(test.view.state.revision);
  });

  it('lets exactly one of many concurrent conditional writes win', async () => {
    const { kv } = test.registry;
    const puts = Array.from({ length: 50 }, async (_, i) =>
      kv.put({ key: 'leader', value: bytes(String(i)), flags: '0', expectedRevision: 0 }),
    );
    const won = (await Promise.all(puts)).filter((each) => each);
    expect(won).to.have.length(1);
  });

  it('applies every one of many concurrent writes of one key', async () => {
    const { kv } = test.registry;
    const before = test.view.state.revision;
    await Promise.all(
      Array.from({ length: 50 }, async (_, i) => kv.put({ key: 'k', value: bytes(String(i)), flags: '0' })),
    );
    expect(test.view.state.revision).to.equal(before + 50);
  });

  it('leaves no key behind when a tree is deleted while others write under it', async () => {
    const { kv } = test.registry;
    await Promise.all(
      Array.from({ length: 20 }, async (_, i) =>
        kv.put({ key: `p/${String(i)}`, value: bytes('x'), flags: '0' }),
      ),
    );
    const writes = Array.from({ length: 20 }, async (_, i) =>
      kv.put({ key: `p/late-${String(i)}`, value: bytes('x'), flags: '0' }),
    );
    await Promise.all([...writes, kv.deleteTree('p/')]);
    await kv.deleteTree('p/');
    expect(test.view.state.kv.size).to.equal(0);
  });

  it('blocks until the topic passes the index, and not for other changes', async () => {
    const { kv, reads } = test.registry;
    await kv.put({ key: 'a', value: bytes('1'), flags: '0' });
    const { index } = await reads.read(kvQuery('a'), { mode: 'default' });
    let settled = false;
    const blocked = reads.read(kvQuery('a'), { mode: 'default', index, waitMs: 10_000 }).then((answer) => {
      settled = true;
      return answer;
    });
    await kv.put({ key: 'b', value: bytes('1'), flags: '0' });
    expect(settled).to.equal(false);
    await kv.put({ key: 'a', value: bytes('2'), flags: '0' });
    expect((await blocked).index).to.be.above(index);
  });

  it('ends a blocked read at its deadline and when its reader goes', async () => {
    const { reads } = test.registry;
    const { index } = await reads.read(kvQuery('a'), { mode: 'default' });
    const gone = new AbortController();
    const cancelled = reads.read(kvQuery('a'), {
      mode: 'default',
      index,
      waitMs: 60_000,
      signal: gone.signal,
    });
    const timed = await reads.read(kvQuery('a'), { mode: 'default', index, waitMs: 30 });
    expect(timed.index).to.equal(index);
    gone.abort();
    await cancelled;
    expect(test.view.waiters).to.equal(0);
  });

  it('answers at once when the index is of an epoch it does not know', async () => {
    const { reads } = test.registry;
    const { value } = await reads.read(kvQuery('a'), { mode: 'default', index: 7 * 2 ** 32, waitMs: 60_000 });
    expect(value).to.equal(undefined);
  });

  it('renews a heartbeat without a commit and commits a change of status', async () => {
    const { catalog, health } = test.registry;
    const check = {
      ...aCheck('n1', 'c', { instanceId: 'a', source: { kind: 'ttl', ttlMs: 60_000 } }),
      overwriteStatus: false,
    };
    await catalog.register(web('a', { checks: [check] }));
    const before = test.view.state.revision;
    await health.heartbeat('n1', 'c', 'passing', '');
    expect(test.view.state.revision).to.equal(before);
    await health.heartbeat('n1', 'c', 'warning', 'slow');
    expect(test.view.state.revision).to.equal(before + 1);
    expect(test.view.state.checks.get('n1\0c')).to.include({ status: 'warning', output: 'slow' });
  });

  it('grants a heartbeat lease anew where the store has lost it', async () => {
    const { catalog, health } = test.registry;
    const check = {
      ...aCheck('n1', 'c', { instanceId: 'a', source: { kind: 'ttl', ttlMs: 60_000 } }),
      overwriteStatus: false,
    };
    await catalog.register(web('a', { checks: [check] }));
    const lease = 'check\0n1\0c';
    const empty = { operation: 'x', compares: [], puts: [], deletes: [], touches: [], grants: [] };
    await test.store.commit({ ...empty, revokes: [lease] });
    expect(await test.store.renew([{ lease, ttlMs: 1000 }])).to.deep.equal([false]);
    await health.heartbeat('n1', 'c', 'passing', '');
    await eventually(
      async () => (await test.store.renew([{ lease, ttlMs: 1000 }]))[0] === true,
      'the lease is there again',
    );
  });

  it('refuses heartbeats for unknown checks and for checks without a lease', async () => {
    const { catalog, health } = test.registry;
    await catalog.register(
      web('a', { checks: [{ ...aCheck('n1', 'c', { instanceId: 'a' }), overwriteStatus: false }] }),
    );
    await expectCode(health.heartbeat('n1', 'nope', 'passing', ''), 'check_not_found');
    await expectCode(health.heartbeat('n1', 'c', 'passing', ''), 'check_not_renewable');
  });

  it('lets an output wait while the status stays, and shows it on this node at once', async () => {
    const { catalog, health } = test.registry;
    const check = {
      ...aCheck('n1', 'c', { instanceId: 'a', source: { kind: 'ttl', ttlMs: 60_000 } }),
      overwriteStatus: false,
    };
    await catalog.register(web('a', { checks: [check] }));
    await health.heartbeat('n1', 'c', 'passing', 'first');
    const before = test.view.state.revision;
    await health.heartbeat('n1', 'c', 'passing', 'second');
    expect(test.view.state.revision).to.equal(before);
    const held = test.view.state.checks.get('n1\0c');
    expect(held?.output).to.equal('first');
    expect(held && health.latestOutput(held)).to.equal('second');
  });
});

describe('registry rings', () => {
  let test: TestRegistry;
  before(async () => {
    test = await startRegistry();
    for (const id of ['a', 'b', 'c']) {
      const instance = anInstance('n1', 'cart', { id, address: `10.0.0.${String(id.charCodeAt(0))}` });
      const check = { ...aCheck('n1', `c-${id}`, { instanceId: id }), overwriteStatus: true };
      await test.registry.catalog.register({
        node: aNode('n1'),
        keepNode: true,
        instance,
        checks: [check],
        replaceChecks: false,
      });
    }
  });
  after(async () => {
    await test.stop();
  });

  it('places a key on an owner with replicas behind it', () => {
    const { preference, revision, digest } = test.registry.rings.place('cart', 'user-42', 3);
    expect(new Set(preference.map(({ instance }) => instance.id)).size).to.equal(3);
    expect(revision).to.be.above(0);
    expect(digest).to.match(/^[0-9a-f]{16}$/);
  });

  it('passes over a critical instance and gives its keys back when it recovers, at the same revision', async () => {
    const { rings, health } = test.registry;
    const held = rings.place('cart', 'user-42', 2);
    const owner = held.preference[0]?.instance.id ?? '';
    await health.report('n1', `c-${owner}`, 'critical', 'down');
    const without = rings.place('cart', 'user-42', 1);
    expect(without.preference[0]?.instance.id).to.equal(held.preference[1]?.instance.id);
    expect(without).to.include({ revision: held.revision, digest: held.digest });
    await health.report('n1', `c-${owner}`, 'passing', 'up');
    expect(rings.place('cart', 'user-42', 1).preference[0]?.instance.id).to.equal(owner);
  });

  it('says when there is no such service and when nobody is available', async () => {
    const { rings, health } = test.registry;
    expect(() => rings.place('nope', 'k', 1))
      .to.throw()
      .with.property('code', 'service_not_found');
    for (const id of ['a', 'b', 'c']) await health.report('n1', `c-${id}`, 'critical', '');
    expect(() => rings.place('cart', 'k', 1))
      .to.throw()
      .with.property('code', 'no_available_owner');
  });
});

async function expectCode(promise: Promise<unknown> | undefined, code: string): Promise<void> {
  const error: unknown = await promise?.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  expect(error).to.have.property('code', code);
}
