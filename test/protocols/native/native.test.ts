import { expect } from 'chai';
import { createNativeDialect } from '../../../src/protocols/native/index.ts';
import { send, serveDialects, type TestServer } from '../../support/http.ts';
import { aNode, anInstance } from '../../support/pure-catalog.ts';
import { startRegistry, type TestRegistry } from '../../support/registry.ts';

describe('native API', () => {
  let test: TestRegistry;
  let server: TestServer;
  before(async () => {
    test = await startRegistry();
    server = await serveDialects([createNativeDialect(test.registry)]);
    for (const port of [1, 2, 3]) {
      const instance = anInstance('n1', 'cart', { id: `cart-${String(port)}`, port });
      await test.registry.catalog.register({
        node: aNode('n1'),
        keepNode: true,
        instance,
        checks: [],
        replaceChecks: false,
      });
    }
  });
  after(async () => {
    await server.stop();
    await test.stop();
  });
  const get = (path: string) => send(server.port, 'GET', path);

  it('answers the owner of a key with its replicas, and how old the answer is', async () => {
    const answer = await get('/api/v1/services/CART/owner?key=user-42&replicas=2');
    expect(answer.status).to.equal(200);
    expect(answer.headers['content-type']).to.equal('application/json');
    expect(Number(answer.headers['rollcall-age-ms'])).to.be.within(0, 60_000);
    expect(answer.headers['rollcall-store-known']).to.equal('true');
    const placement = JSON.parse(answer.text) as Record<string, unknown> & { replicas: object[] };
    expect(Object.keys(placement)).to.deep.equal([
      'service',
      'key',
      'hash',
      'revision',
      'digest',
      'owner',
      'replicas',
    ]);
    expect(placement.replicas).to.have.length(2);
    expect(placement['owner']).to.deep.equal(placement.replicas[0]);
    expect(placement['owner']).to.have.all.keys('id', 'node', 'address', 'port');
    expect(placement['owner']).to.include({ node: 'n1', address: '10.0.0.1' });
  });

  it('answers the same owner for the same key and one replica by default', async () => {
    const answers = await Promise.all(
      Array.from({ length: 5 }, () => get('/api/v1/services/cart/owner?key=%F0%9F%98%80')),
    );
    expect(new Set(answers.map(({ text }) => text)).size).to.equal(1);
    expect(JSON.parse(answers[0]?.text ?? ''))
      .to.have.property('replicas')
      .with.length(1);
  });

  it('answers the ring with the digest and revision that owners carry', async () => {
    const ring = JSON.parse((await get('/api/v1/services/cart/ring')).text) as Record<string, unknown>;
    const owner = JSON.parse((await get('/api/v1/services/cart/owner?key=k')).text) as Record<
      string,
      unknown
    >;
    expect([ring['digest'], ring['revision']]).to.deep.equal([owner['digest'], owner['revision']]);
    expect(ring).to.deep.include({
      service: 'cart',
      points: 768,
      policy: { algorithm: 'ring', pointsPerWeight: 256 },
    });
    expect(ring['members']).to.deep.include({
      id: 'cart-1',
      node: 'n1',
      hashKey: '10.0.0.1:1',
      weight: 1,
      address: '10.0.0.1',
      port: 1,
    });
  });

  const refusals: [string, number, string][] = [
    ['/api/v1/services/cart/owner', 400, 'invalid_request'],
    ['/api/v1/services/cart/owner?key=k&replicas=0', 400, 'invalid_request'],
    ['/api/v1/services/cart/owner?key=k&replicas=101', 400, 'invalid_request'],
    ['/api/v1/services/cart/owner?key=k&replicas=-1', 400, 'invalid_request'],
    ['/api/v1/services/cart/owner?key=k&replicas=1e1', 400, 'invalid_request'],
    ['/api/v1/services/%zz/owner?key=k', 400, 'invalid_request'],
    ['/api/v1/services/nope/owner?key=k', 404, 'service_not_found'],
    ['/api/v1/services/__proto__/ring', 404, 'service_not_found'],
    ['/api/v1/nope', 404, 'route_not_found'],
  ];
  for (const [path, status, code] of refusals) {
    it(`answers ${String(status)} ${code} to ${path}`, async () => {
      const answer = await get(path);
      expect(answer.status).to.equal(status);
      expect(answer.headers['content-type']).to.equal('application/problem+json');
      expect(JSON.parse(answer.text)).to.include({ code, status, type: 'about:blank' });
    });
  }

  it('answers 405 with the methods there are', async () => {
    const answer = await send(server.port, 'PUT', '/api/v1/status');
    expect([answer.status, answer.headers.allow]).to.deep.equal([405, 'OPTIONS, GET']);
  });

  it('says what the node is', async () => {
    const status = JSON.parse((await get('/api/v1/status')).text) as Record<string, unknown>;
    expect(status).to.deep.include({
      node: 'registry-1',
      store: 'embedded',
      storeAvailable: true,
      ready: true,
      lostRevisions: 0,
      protection: {
        enabled: true,
        active: false,
        reason: '',
        held: 0,
        ended: 0,
        leases: 0,
        budget: 3,
        windowMs: 60_000,
      },
      condition: { stalled: false, stalls: 0, longestStallMs: 0, suspect: false, reason: '' },
    });
  });
});
