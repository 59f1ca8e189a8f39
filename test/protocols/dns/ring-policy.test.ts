import { expect } from 'chai';
import { ringPolicyFrom } from '../../../src/core/index.ts';
import { pureHashes } from '../../../src/core/ring/index.ts';
import { systemClock } from '../../../src/platform/clock.ts';
import { createLogger } from '../../../src/platform/logger.ts';
import { systemRandom } from '../../../src/platform/random.ts';
import { createDnsCatalog } from '../../../src/protocols/dns/index.ts';
import { NO_METRICS } from '../../../src/protocols/dns/metrics.ts';
import { createResponder } from '../../../src/protocols/dns/responder.ts';
import { Rings } from '../../../src/registry/rings.ts';
import { registerCart, someKeys } from '../../support/ring-instances.ts';
import { startRegistry, type TestRegistry } from '../../support/registry.ts';
import { decodeAnswer, queryFor } from './client.ts';

const RESPONDER = {
  domain: 'consul',
  policy: {
    serviceTtlSeconds: () => 0,
    nodeTtlSeconds: 0,
    onlyPassing: false,
    aRecordLimit: 0,
    additionalNodeMeta: true,
    soa: { refreshSeconds: 1, retrySeconds: 1, expireSeconds: 1, negativeTtlSeconds: 1 },
  },
  random: systemRandom,
  clock: systemClock,
  udpAnswerLimit: 3,
  enableTruncate: true,
  compress: true,
  recursor: undefined,
  metrics: NO_METRICS,
  logger: createLogger('silent'),
} as const;

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

  it('are answered later where the first ring of a large service is being built', async () => {
    const policy = ringPolicyFrom('cart', { algorithm: 'maglev', tableSize: 65_537 });
    await test.registry.ringPolicies.put(policy, { isDryRun: false, maxRanges: 0 });
    // As after a restart.
    const rings = new Rings({ view: test.view, hashes: pureHashes, clock: systemClock });
    const registry = new Proxy(test.registry, {
      get: (target, name): unknown => (name === 'rings' ? rings : Reflect.get(target, name)),
    });
    const respond = createResponder({ ...RESPONDER, catalog: createDnsCatalog(registry) });
    const query = queryFor('user-1.key.cart.service.consul', 'SRV');
    const late = respond(query, 'udp', '127.0.0.1');
    expect(late).to.be.instanceOf(Promise);
    const answered = await late;
    if (answered === undefined) throw new Error('no answer');
    expect(decodeAnswer(answered)).to.have.property('rcode', 0);
    expect(respond(query, 'udp', '127.0.0.1'), 'at once').to.be.instanceOf(Buffer);
  });

  it('fail where that does not come to pass', async () => {
    const failing = {
      ...createDnsCatalog(test.registry),
      ringOf: () => Promise.reject(new Error('not applicable')),
    };
    const respond = createResponder({ ...RESPONDER, catalog: failing });
    const answered = await respond(queryFor('user-1.key.cart.service.consul', 'SRV'), 'tcp', '127.0.0.1');
    if (answered === undefined) throw new Error('no answer');
    expect(decodeAnswer(answered)).to.have.property('rcode', 2);
  });
});
