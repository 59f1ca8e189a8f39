import { expect } from 'chai';
import { ringPolicyFrom } from '../../src/core/index.ts';
import { buildRing, pureHashes } from '../../src/core/ring/index.ts';
import { eventually } from '../support/eventually.ts';
import { registerCart, registerCarts, someKeys } from '../support/ring-instances.ts';
import { startRegistry, type TestRegistry } from '../support/registry.ts';

const WRITE = { isDryRun: false, maxRanges: 0 };

describe('registry ring changes', () => {
  let test: TestRegistry;
  beforeEach(async () => {
    test = await startRegistry();
    await registerCarts(test.registry, 4);
  });
  afterEach(async () => {
    await test.stop();
  });
  const put = (fields: object) => test.registry.ringPolicies.put(ringPolicyFrom('cart', fields), WRITE);
  const revision = () => test.registry.rings.of('cart').membership.revision;
  const owner = (key: string) => test.registry.rings.place('cart', key, 1).preference[0]?.instance.id;
  const previous = (key: string) => test.registry.rings.place('cart', key, 1).previous?.id.split('\0')[1];
  const since = (from: number, maxRanges = 10_000) =>
    test.registry.ringMovements.since('cart', from, maxRanges);
  const names = (changes: readonly { readonly key: string }[] | undefined) =>
    changes?.map(({ key }) => key.split('\0')[1]);

  it('tells what changed after a revision, each member once, and which keys moved', async () => {
    const from = revision();
    const before = new Map(someKeys(300).map((key) => [key, owner(key)]));
    await registerCart(test.registry, 'cart-5', { port: 5 });
    await registerCart(test.registry, 'cart-5', { port: 5, weights: { passing: 2, warning: 1 } });
    await test.registry.catalog.deregisterInstance('n1', 'cart-1');
    await registerCart(test.registry, 'brief', { port: 77 });
    await test.registry.catalog.deregisterInstance('n1', 'brief');
    const { ring, delta, movement } = await since(from);
    expect(names(delta?.changes)).to.have.members(['cart-1', 'cart-5']);
    const five = delta?.changes.find(({ key }) => key === 'n1\0cart-5');
    expect([five?.before, five?.after?.weight]).to.deep.equal([undefined, 2]);
    expect(ring.revision).to.equal(revision());
    for (const [key, held] of before) {
      const hash = ring.ring.hash(key);
      const range = movement?.ranges.find(({ first, last }) => first <= hash && hash <= last);
      expect([range?.from?.split('\0')[1] ?? held, range?.to?.split('\0')[1] ?? held]).to.deep.equal([
        held,
        owner(key),
      ]);
    }
    expect((await since(revision())).delta?.changes).to.deep.equal([]);
  });

  it('says that it does not know what changed before it began to follow, or after what it has', async () => {
    const from = revision();
    await since(from);
    expect((await since(0)).delta).to.equal(undefined);
    expect((await since(from - 1)).delta).to.equal(undefined);
    expect((await since(Number.MAX_SAFE_INTEGER)).delta).to.equal(undefined);
  });

  it('changes a large ring between other things, and lookups go on with the one there was', async () => {
    await Promise.all(
      Array.from({ length: 700 }, (_, n) =>
        registerCart(test.registry, `more-${String(n)}`, {
          port: 100 + n,
          weights: { passing: 8, warning: 1 },
        }),
      ),
    );
    const { ring: before } = await test.registry.rings.of('cart').current();
    expect(before.members).to.have.length(704);
    await registerCart(test.registry, 'late', { port: 99 });
    const tracked = test.registry.rings.of('cart');
    expect(tracked.now.ring, 'the one there was').to.equal(before);
    await eventually(() => tracked.now.revision === revision(), 'the ring follows');
    const { ring, policy } = tracked.now;
    const members = [...tracked.membership.members.values()];
    expect(ring.digest).to.equal(buildRing(members, policy.placement, pureHashes).digest);
    for (const key of someKeys(100)) expect(owner(key)).to.equal(ring.owner(key)?.id.split('\0')[1]);
  });

  it('names the previous owner while keys are handed over, and nobody else', async () => {
    await put({ handOverMs: 3_600_000 });
    const keys = someKeys(400);
    const before = new Map(keys.map((key) => [key, owner(key)]));
    expect(keys.filter((key) => previous(key) !== undefined)).to.deep.equal([]);
    await registerCart(test.registry, 'cart-5', { port: 5 });
    await test.registry.catalog.deregisterInstance('n1', 'cart-2');
    const moved = keys.filter((key) => owner(key) !== before.get(key));
    expect(moved.length).to.be.within(50, 350);
    for (const key of keys) expect(previous(key)).to.equal(moved.includes(key) ? before.get(key) : undefined);
    await test.registry.health.report('n1', 'c-cart-5', 'critical', '');
    expect(
      keys.some((key) => previous(key) !== undefined),
      'health is no change of the ring',
    ).to.equal(true);
  });

  it('names the previous owner under another algorithm too', async () => {
    const keys = someKeys(200);
    const before = keys.map(owner);
    await put({ algorithm: 'nginx-consistent', handOverMs: 3_600_000 });
    keys.forEach((key, index) => {
      expect(previous(key)).to.equal(owner(key) === before[index] ? undefined : before[index]);
      const { hash } = test.registry.rings.place('cart', key, 1);
      expect(test.registry.rings.place('cart', { hash }, 1).previous, 'of the other hash').to.equal(
        undefined,
      );
    });
  });

  it('ends a hand-over', async () => {
    await put({ handOverMs: 50 });
    await registerCart(test.registry, 'cart-5', { port: 5 });
    await eventually(() => someKeys(200).every((key) => previous(key) === undefined), 'the window ends');
  });

  it('previews members that come, go and change weight, and then that is what happens', async () => {
    const proposal = {
      add: [{ name: 'new', hashKey: '10.0.0.1:9', weight: 2, zone: '' }],
      remove: ['n1\0cart-1'],
      reweight: new Map([['n1\0cart-2', 3]]),
    };
    const { after, movement, before } = await test.registry.ringMovements.preview('cart', proposal, 0);
    expect(before.ring.members).to.have.length(4);
    expect(movement.basis).to.equal('hash');
    expect(movement.before.peakToAverage).to.be.within(1, 2);
    const keys = someKeys(2000);
    const held = keys.map(owner);
    const placed = keys.map((key) => after.ring.owner(key)?.id.split('\0')[1]);
    await registerCart(test.registry, 'new', { port: 9, weights: { passing: 2, warning: 1 } });
    await registerCart(test.registry, 'cart-2', { port: 2, weights: { passing: 3, warning: 1 } });
    await test.registry.catalog.deregisterInstance('n1', 'cart-1');
    expect(keys.map(owner)).to.deep.equal(placed);
    const moved = keys.filter((_, index) => held[index] !== placed[index]).length / keys.length;
    expect(movement.movedShare).to.be.closeTo(moved, 0.05);
    const refused = { ...proposal, remove: ['n1\0nobody'] };
    const error: unknown = await test.registry.ringMovements
      .preview('cart', refused, 0)
      .catch((reason: unknown) => reason);
    expect(error).to.have.property('code', 'instance_not_found');
  });

  it('places many keys as it places each, on one ring', async () => {
    const keys = someKeys(2500);
    const { placements, members, digest } = await test.registry.rings.placeAll('cart', keys, 3);
    expect(digest).to.equal(test.registry.rings.of('cart').now.ring.digest);
    keys.forEach((key, index) => {
      const ids = placements[index]?.map((at) => members[at]?.instance.id);
      const { preference } = test.registry.rings.place('cart', key, 3);
      expect(ids).to.deep.equal(preference.map(({ instance }) => instance.id));
    });
  });

  it('keeps the ring of a service apart from others, and follows its node to another address', async () => {
    await registerCart(test.registry, 'plain', { node: 'n2', service: 'cart', address: '', port: 8 });
    const from = revision();
    await registerCart(test.registry, 'other', { node: 'n2', service: 'shop', port: 9 });
    expect(revision()).to.equal(from);
    await registerCart(
      test.registry,
      'other',
      { node: 'n2', service: 'shop', port: 9 },
      { address: '10.0.0.7' },
    );
    const { delta } = await since(from);
    expect(delta?.changes.map(({ before, after }) => [before?.hashKey, after?.hashKey])).to.deep.equal([
      ['10.0.0.1:8', '10.0.0.7:8'],
    ]);
  });
});
