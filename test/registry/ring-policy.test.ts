import { expect } from 'chai';
import { ringPolicyFrom } from '../../src/core/index.ts';
import { buildRing, pureHashes } from '../../src/core/ring/index.ts';
import { unclosed } from '../support/altered-store.ts';
import { registerCart, registerCarts, someKeys } from '../support/ring-instances.ts';
import { startRegistry, type TestRegistry } from '../support/registry.ts';

const WRITE = { isDryRun: false, maxRanges: 0 };

describe('registry ring policies', () => {
  let test: TestRegistry;
  beforeEach(async () => {
    test = await startRegistry();
  });
  afterEach(async () => {
    await test.stop();
  });
  const put = (fields: object, write: object = {}) =>
    test.registry.ringPolicies.put(ringPolicyFrom('cart', fields), { ...WRITE, ...write });
  const owners = (count = 200) =>
    someKeys(count).map((key) => test.registry.rings.place('cart', key, 1).preference[0]?.instance.id);
  const ringRevision = () => test.registry.rings.of('cart').membership.revision;

  const ALGORITHMS = [
    { algorithm: 'ring', pointsPerWeight: 100 },
    { algorithm: 'bounded-ring' },
    { algorithm: 'maglev', tableSize: 1009 },
    { algorithm: 'rendezvous' },
    { algorithm: 'envoy-ring-hash' },
    { algorithm: 'grpc-ring-hash' },
    { algorithm: 'nginx-consistent' },
    { algorithm: 'ketama' },
    { algorithm: 'twemproxy-ketama' },
    { algorithm: 'haproxy-consistent', hashKeyMeta: 'shard' },
    { algorithm: 'haproxy-consistent', hashKey: 'addr-port' },
    { algorithm: 'jump', hashKeyMeta: 'shard' },
  ];
  for (const fields of ALGORITHMS) {
    it(`places keys by ${JSON.stringify(fields)}, and the movement it told is what happens`, async () => {
      for (const n of ['1', '2', '3', '4'])
        await registerCart(test.registry, `cart-${n}`, { port: Number(n), meta: { shard: n } });
      const before = owners(1000);
      const { effect } = await put(fields);
      const after = owners(1000);
      const moved = after.filter((owner, index) => owner !== before[index]).length / 1000;
      expect(effect?.movement.movedShare).to.be.closeTo(moved, 0.06);
      expect(effect?.after.ring.digest).to.equal(test.registry.rings.place('cart', 'k', 1).digest);
      expect(new Set(after).size).to.equal(4);
      expect(test.registry.rings.place('cart', 'k', 4).preference).to.have.length(4);
    });
  }

  it('passes over a critical instance under an algorithm that has to place the others anew', async () => {
    await registerCarts(test.registry, 4);
    await put({ algorithm: 'maglev', tableSize: 1009 });
    const owner = test.registry.rings.place('cart', 'user-1', 1).preference[0]?.instance.id ?? '';
    await test.registry.health.report('n1', `c-${owner}`, 'critical', '');
    expect(owners()).to.not.include(owner);
    const { ring } = test.registry.rings.of('cart').now;
    const others = ring.members.filter(({ id }) => id !== `n1\0${owner}`);
    const without = buildRing(others, ring.policy, pureHashes);
    expect(owners()).to.deep.equal(someKeys(200).map((key) => without.owner(key)?.id.split('\0')[1]));
    await test.registry.health.report('n1', `c-${owner}`, 'passing', '');
    expect(test.registry.rings.place('cart', 'user-1', 1).preference[0]?.instance.id).to.equal(owner);
  });

  it('moves the revision of the ring with the policy, and not for an equal one', async () => {
    await registerCarts(test.registry, 2);
    const atFirst = ringRevision();
    const { revision } = await put({ pointsPerWeight: 64 });
    expect(ringRevision()).to.equal(revision).and.above(atFirst);
    expect((await put({ pointsPerWeight: 64 })).revision).to.equal(revision);
    expect(ringRevision()).to.equal(revision);
  });

  it('takes hash keys from metadata, and follows its changes as changes of the ring', async () => {
    await put({ hashKeyMeta: 'slot' });
    await registerCart(test.registry, 'a', { meta: { slot: 'one' } });
    await registerCart(test.registry, 'b', { meta: { slot: 'two' }, port: 81 });
    await registerCart(test.registry, 'c', { port: 82 });
    const hashKeys = () =>
      test.registry.rings.of('cart').now.ring.members.map(({ id, hashKey }) => [id.split('\0')[1], hashKey]);
    expect(hashKeys()).to.have.deep.members([
      ['a', 'one'],
      ['b', 'two'],
      ['c', '10.0.0.1:82'],
    ]);
    const [held, placed] = [ringRevision(), owners()];
    await registerCart(test.registry, 'a', { meta: { slot: 'one', color: 'red' } });
    expect(ringRevision(), 'metadata that does not matter').to.equal(held);
    await registerCart(test.registry, 'a', { meta: { slot: 'one' }, address: '10.9.9.9' });
    expect(owners(), 'a new address under the old hash key').to.deep.equal(placed);
    await registerCart(test.registry, 'b', { meta: { slot: 'three' }, port: 81 });
    expect(hashKeys()).to.deep.include(['b', 'three']);
    expect(ringRevision()).to.be.above(held);
  });

  it('puts the zone first that is asked for, spreads over zones, and spills', async () => {
    await put({ zoneMeta: 'zone' });
    await registerCart(test.registry, 'a1', { node: 'na', port: 1 }, { meta: { zone: 'a' } });
    await registerCart(test.registry, 'a2', { node: 'na', port: 2 }, { meta: { zone: 'a' } });
    await registerCart(test.registry, 'b1', { node: 'nb', port: 3 }, { meta: { zone: 'b' } });
    await registerCart(test.registry, 'b2', { node: 'nb', port: 4, meta: { zone: 'c' } });
    const ids = (key: string, options: object, count = 4) =>
      test.registry.rings.place('cart', key, count, options).preference.map(({ instance }) => instance.id);
    for (const key of someKeys(50)) {
      expect(ids(key, { zone: 'a' }).slice(0, 2)).to.have.members(['a1', 'a2']);
      expect(ids(key, { zone: 'c' })[0], 'an instance is in its own zone before that of its node').to.equal(
        'b2',
      );
      const spread = ids(key, { isSpread: true });
      expect(spread[0]).to.equal(ids(key, {})[0]);
      expect(
        new Set(spread.slice(0, 3).map((id) => ({ a1: 'a', a2: 'a', b1: 'b' })[id] ?? 'c')).size,
      ).to.equal(3);
      expect(ids(key, { zone: 'nowhere' })).to.have.length(4);
    }
    for (const id of ['a1', 'a2']) await test.registry.health.report('na', `c-${id}`, 'critical', '');
    expect(ids('k', { zone: 'a' })).to.have.members(['b1', 'b2']);
    const held = ringRevision();
    await registerCart(test.registry, 'b1', { node: 'nb', port: 3 }, { meta: { zone: 'a' } });
    expect(ringRevision(), 'the node moved to another zone').to.be.above(held);
    expect(ids('k', { zone: 'a' }, 1)).to.deep.equal(['b1']);
  });

  it('refuses a policy that the instances do not fit, and answers so where one comes later', async () => {
    await registerCart(test.registry, 'heavy', { weights: { passing: 300, warning: 1 } });
    await expectCode(put({ algorithm: 'haproxy-consistent', hashKey: 'addr-port' }), 'policy_not_applicable');
    expect(owners(1)).to.deep.equal(['heavy']);
    await registerCart(test.registry, 'heavy', { weights: { passing: 3, warning: 1 } });
    await put({ algorithm: 'haproxy-consistent', hashKey: 'addr-port' });
    await registerCart(test.registry, 'heavy', { weights: { passing: 300, warning: 1 } });
    expect(() => owners(1))
      .to.throw()
      .with.property('code', 'policy_not_applicable');
    await registerCart(test.registry, 'heavy', { weights: { passing: 3, warning: 1 } });
    expect(owners(1)).to.deep.equal(['heavy']);
  });

  it('holds a write to the revision and the digest that it names', async () => {
    await registerCarts(test.registry, 2);
    const { revision } = await put({ pointsPerWeight: 64 }, { policyRevision: 0 });
    await expectCode(put({ pointsPerWeight: 65 }, { policyRevision: 0 }), 'revision_mismatch');
    await expectCode(put({ pointsPerWeight: 65 }, { policyRevision: revision + 1 }), 'revision_mismatch');
    const dry = await put({ pointsPerWeight: 65 }, { isDryRun: true, policyRevision: revision });
    const digest = dry.effect?.before.ring.digest ?? '';
    await registerCart(test.registry, 'late', { port: 99 });
    await expectCode(put({ pointsPerWeight: 65 }, { digest }), 'ring_changed');
    expect(test.registry.rings.of('cart').now.policy.placement).to.include({ pointsPerWeight: 64 });
    const again = await put({ pointsPerWeight: 65 }, { isDryRun: true });
    const done = await put({ pointsPerWeight: 65 }, { digest: again.effect?.before.ring.digest });
    expect(done.effect?.after.ring.digest).to.equal(again.effect?.after.ring.digest);
    await expectCode(
      test.registry.ringPolicies.delete('cart', { ...WRITE, policyRevision: revision }),
      'revision_mismatch',
    );
  });

  it('takes effect for a service whose ring nobody has asked for, keys being handed over from the default', async () => {
    const other = await startRegistry({ store: unclosed(test.store), identity: { nodeName: 'other' } });
    try {
      await registerCarts(test.registry, 4);
      await put({ algorithm: 'maglev', tableSize: 1009, handOverMs: 600_000 });
      await other.view.reach(test.view.state.revision, 5000);
      expect(other.registry.rings.of('cart').now.policy.handOverMs).to.equal(600_000);
      for (const key of someKeys(100)) {
        const [here, there] = [test, other].map(({ registry }) => registry.rings.place('cart', key, 1));
        expect(there).to.deep.equal(here);
      }
      expect(someKeys(100).some((key) => other.registry.rings.place('cart', key, 1).previous)).to.equal(true);
    } finally {
      await other.stop();
    }
  });

  it('goes back to the default, and keeps a policy for a service that has no instances', async () => {
    await put({ algorithm: 'rendezvous' });
    await registerCarts(test.registry, 3);
    expect(test.registry.rings.of('cart').now.ring.policy.algorithm).to.equal('rendezvous');
    const { revision, effect } = await test.registry.ringPolicies.delete('CART', WRITE);
    expect(revision).to.equal(0);
    expect(effect?.movement.movedShare).to.be.above(0.3);
    expect(test.registry.rings.of('cart').now.ring.policy).to.deep.equal({
      algorithm: 'ring',
      pointsPerWeight: 256,
    });
  });

  it('is in an archive and comes back from it', async () => {
    await registerCarts(test.registry, 3);
    await put({ algorithm: 'maglev', tableSize: 1009, zoneMeta: 'zone', handOverMs: 1000 });
    const placed = owners();
    const archive = await test.registry.snapshots.save('2026-01-01T00:00:00Z');
    await test.registry.ringPolicies.delete('cart', WRITE);
    await test.registry.snapshots.restore(archive);
    expect(test.registry.state.ringPolicy('cart')).to.include({ zoneMeta: 'zone', handOverMs: 1000 });
    expect(owners()).to.deep.equal(placed);
  });
});

async function expectCode(promise: Promise<unknown>, code: string): Promise<void> {
  const error: unknown = await promise.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  expect(error).to.have.property('code', code);
}
