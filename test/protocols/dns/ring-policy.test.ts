import { expect } from 'chai';
import { ringPolicyFrom } from '../../../src/core/index.ts';
import { createDnsCatalog } from '../../../src/protocols/dns/index.ts';
import { registerCart, someKeys } from '../../support/ring-instances.ts';
import { startRegistry, type TestRegistry } from '../../support/registry.ts';

describe('dns: key names', () => {
  let test: TestRegistry;
  before(async () => {
    test = await startRegistry();
    for (const n of [1, 2, 3, 4])
      await registerCart(test.registry, `cart-${String(n)}`, { port: n, meta: { shard: String(n - 1) } });
  });
  after(() => test.stop());

  it('follow the policy of the ring', async () => {
    const dns = createDnsCatalog(test.registry);
    const owners = () => someKeys(100).map((text) => dns.preferenceList('cart', { text }, 1)?.[0]?.port);
    const byHash = () =>
      someKeys(100).map((key) => {
        const { hash } = test.registry.rings.place('cart', key, 1);
        return dns.preferenceList('cart', { hash }, 1)?.[0]?.port;
      });
    const atFirst = owners();
    for (const fields of [
      { algorithm: 'jump', hashKeyMeta: 'shard' },
      { algorithm: 'maglev', tableSize: 1009 },
      { algorithm: 'rendezvous' },
    ]) {
      await test.registry.ringPolicies.put(ringPolicyFrom('cart', fields), { isDryRun: false, maxRanges: 0 });
      const placed = someKeys(100).map(
        (key) => test.registry.rings.place('cart', key, 1).preference[0]?.instance.port,
      );
      expect(owners()).to.deep.equal(placed).and.not.deep.equal(atFirst);
      expect(byHash()).to.deep.equal(placed);
    }
  });
});
