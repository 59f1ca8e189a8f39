import { expect } from 'chai';
import { LocalRing, RollcallClient } from '../../src/client/index.ts';
import { ringPolicyFrom } from '../../src/core/index.ts';
import { createNativeDialect } from '../../src/protocols/native/index.ts';
import { eventually } from '../support/eventually.ts';
import { serveDialects, type TestServer } from '../support/http.ts';
import { registerCart, registerCarts, someKeys } from '../support/ring-instances.ts';
import { TcpProxy } from '../support/tcp-proxy.ts';
import { startRegistry, type TestRegistry } from '../support/registry.ts';

describe('client ring', () => {
  let test: TestRegistry;
  let server: TestServer;
  let ring: LocalRing;
  beforeEach(async () => {
    test = await startRegistry();
    server = await serveDialects([createNativeDialect(test.registry)]);
    await registerCarts(test.registry, 3);
    ring = await new RollcallClient({ url: server.url }).localRing('cart');
  });
  afterEach(async () => {
    await ring.close();
    await server.stop();
    await test.stop();
  });
  const put = (fields: object) =>
    test.registry.ringPolicies.put(ringPolicyFrom('cart', fields), { isDryRun: false, maxRanges: 0 });

  async function expectSame(): Promise<void> {
    const { revision } = test.registry.rings.of('cart').membership;
    await eventually(() => ring.revision === revision, `the client has revision ${String(revision)}`);
    expect(ring.digest).to.equal(test.registry.rings.of('cart').now.ring.digest);
    for (const key of someKeys(200)) {
      const { preference } = test.registry.rings.place('cart', key, 3);
      const ids = preference.map(({ instance }) => instance.id);
      expect(ring.preferenceList(key, 3).map(({ instanceId }) => instanceId)).to.deep.equal(ids);
      expect(ring.owner(key)).to.include({ instanceId: ids[0], node: 'n1', address: '10.0.0.1' });
    }
  }

  it('places keys as the registry does, through changes of members, weights and policy', async () => {
    await expectSame();
    await registerCart(test.registry, 'cart-4', { port: 4 });
    await expectSame();
    await registerCart(test.registry, 'cart-4', { port: 4, weights: { passing: 3, warning: 1 } });
    await test.registry.catalog.deregisterInstance('n1', 'cart-1');
    await expectSame();
    await put({ algorithm: 'maglev', tableSize: 1009 });
    await expectSame();
    await put({ algorithm: 'ketama', hashKeyMeta: 'slot' });
    await registerCart(test.registry, 'cart-5', { port: 5, meta: { slot: 'five' } });
    await expectSame();
  });

  it('follows many changes of members and policy that come at once', async () => {
    for (let n = 0; n < 3; n++) {
      await registerCart(test.registry, `late-${String(n)}`, { port: 100 + n });
      await put({ pointsPerWeight: 10 + n });
    }
    await expectSame();
    expect(ring.members).to.have.length(6);
  });

  it('fetches the whole ring where a change leads to another digest than the registry has', async () => {
    const asked: string[] = [];
    let spoilt = 0;
    const own = await LocalRing.open('cart', async (path, _timeoutMs, signal) => {
      asked.push(path);
      const json = (await (await fetch(`${server.url}${path}`, { signal })).json()) as { added?: object[] };
      if (json.added === undefined || json.added.length === 0 || spoilt > 0) return json;
      spoilt++;
      return { ...json, added: [] };
    });
    try {
      await registerCart(test.registry, 'cart-4', { port: 4 });
      await expectSame();
      await eventually(() => own.digest === ring.digest, 'it is right again');
      expect(spoilt).to.equal(1);
      expect(asked.filter((path) => !path.includes('since'))).to.have.length(2);
    } finally {
      await own.close();
    }
  });

  it('passes over members that the caller knows to be away, and puts a zone first', async () => {
    await put({ zoneMeta: 'zone' });
    await registerCart(test.registry, 'near', { port: 9, meta: { zone: 'here' } });
    await expectSame();
    for (const key of someKeys(50)) {
      const owner = ring.owner(key);
      const next = ring.preferenceList(key, 2)[1];
      expect(ring.owner(key, { isAvailable: ({ id }) => id !== owner?.id })).to.equal(next);
      expect(ring.owner(key, { zone: 'here' })?.instanceId).to.equal('near');
    }
  });

  it('goes on with the ring there is while nobody answers, and follows again after that', async () => {
    const proxy = await TcpProxy.start(server.port);
    const proxied = await new RollcallClient({ url: `http://127.0.0.1:${String(proxy.port)}` }).localRing(
      'cart',
    );
    try {
      const held = someKeys(50).map((key) => proxied.owner(key));
      proxy.hangUp(true);
      proxy.cut();
      await registerCart(test.registry, 'cart-4', { port: 4 });
      await expectSame();
      expect(proxied.members).to.have.length(3);
      expect(someKeys(50).map((key) => proxied.owner(key))).to.deep.equal(held);
      proxy.hangUp(false);
      await eventually(() => proxied.digest === ring.digest, 'it follows again');
    } finally {
      await proxied.close();
      await proxy.stop();
    }
  });
});
