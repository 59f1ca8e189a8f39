import { expect } from 'chai';
import { ringPolicyFrom } from '../../src/core/index.ts';
import { buildRing, pureHashes } from '../../src/core/ring/index.ts';
import { systemClock } from '../../src/platform/clock.ts';
import { Rings } from '../../src/registry/rings.ts';
import { eventually } from '../support/eventually.ts';
import { registerCart, registerCarts, someKeys } from '../support/ring-instances.ts';
import { startRegistry, type TestRegistry } from '../support/registry.ts';

/** More entries than are filled at once. */
const LARGE = { algorithm: 'maglev', tableSize: 65_537 };

describe('health on a ring that is placed anew for it', () => {
  let test: TestRegistry;
  const keys = someKeys(300);
  const place = (key: string) => test.registry.rings.place('cart', key, 2);
  const ownerOf = (key: string) => place(key).preference[0]?.instance.id ?? 'nobody';
  const owners = () => keys.map(ownerOf);
  const settled = () => eventually(() => !place('k').isProvisional, 'the available ones are placed');
  const report = (id: string, status: 'passing' | 'critical') =>
    test.registry.health.report('n1', `c-${id}`, status, '');

  /** Owners as a ring of the available instances alone has them. */
  const placedAnew = (without: readonly string[]) => {
    const { ring, policy } = test.registry.rings.of('cart').now;
    const members = ring.members.filter(({ id }) => !without.includes(id.split('\0')[1] ?? ''));
    const alone = buildRing(members, policy.placement, pureHashes);
    return keys.map((key) => alone.owner(key)?.id.split('\0')[1]);
  };

  beforeEach(async () => {
    test = await startRegistry();
    await registerCarts(test.registry, 6);
    const policy = ringPolicyFrom('cart', LARGE);
    await test.registry.ringPolicies.put(policy, { isDryRun: false, maxRanges: 0 });
    await test.registry.rings.ready('cart');
    await settled();
  });
  afterEach(() => test.stop());

  it('passes over who is critical at once, says that it is provisional, and then answers as a ring without', async () => {
    const before = owners();
    expect(before).to.deep.equal(placedAnew([]));
    const { digest, revision } = place('k');
    await report('cart-2', 'critical');
    const during = keys.map(place);
    expect(during.map(({ isProvisional }) => isProvisional)).to.not.include(false);
    during.forEach(({ preference }, index) => {
      const [owner = 'nobody', second] = preference.map(({ instance }) => instance.id);
      expect([owner, second]).to.not.include('cart-2');
      if (before[index] !== 'cart-2') expect(owner).to.equal(before[index]);
    });
    await settled();
    expect(owners()).to.deep.equal(placedAnew(['cart-2']));
    // Health is no change of the ring.
    expect(place('k')).to.include({ digest, revision });
  });

  it('takes many changes of health as one, and ends with the last', async () => {
    for (let turn = 0; turn < 20; turn++) {
      await report('cart-1', turn % 2 === 0 ? 'critical' : 'passing');
      await report('cart-3', 'critical');
      expect(owners()).to.not.include('cart-3');
    }
    await settled();
    expect(owners()).to.deep.equal(placedAnew(['cart-3']));
  });

  it('answers from all others where nobody is left of those that were placed last', async () => {
    for (const id of ['cart-1', 'cart-2', 'cart-3', 'cart-4', 'cart-5']) await report(id, 'critical');
    await settled();
    expect(new Set(owners())).to.deep.equal(new Set(['cart-6']));
    // These come before anything can be placed anew.
    await Promise.all([report('cart-6', 'critical'), report('cart-4', 'passing')]);
    expect(new Set(owners())).to.deep.equal(new Set(['cart-4']));
  });

  it('tells of it for batches, and waits with lookups for the first ring of a large service', async () => {
    await report('cart-2', 'critical');
    const { isProvisional } = await test.registry.rings.placeAll('cart', keys, 1);
    expect(isProvisional).to.equal(true);
    await settled();
    expect((await test.registry.rings.placeAll('cart', keys, 1)).isProvisional).to.equal(false);
    const policy = ringPolicyFrom('shop', LARGE);
    await registerCart(test.registry, 'shop-1', { service: 'shop', port: 99 });
    await test.registry.ringPolicies.put(policy, { isDryRun: false, maxRanges: 0 });
    // As after a restart.
    const rings = new Rings({ view: test.view, hashes: pureHashes, clock: systemClock });
    expect(rings.isReady('shop')).to.equal(false);
    expect(() => rings.place('shop', 'k', 1))
      .to.throw()
      .with.property('code', 'not_ready');
    await rings.ready('shop');
    expect(rings.isReady('shop')).to.equal(true);
    expect(rings.place('shop', 'k', 1).preference[0]?.instance.id).to.equal('shop-1');
  });
});
