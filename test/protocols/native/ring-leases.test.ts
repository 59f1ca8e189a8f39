import { expect } from 'chai';
import type { BinAnswer, BinRequest } from '../../../src/core/index.ts';
import { createNativeDialect } from '../../../src/protocols/native/index.ts';
import { StoreError, type Store } from '../../../src/store/store.ts';
import { altered } from '../../support/altered-store.ts';
import { eventually } from '../../support/eventually.ts';
import { send, serveDialects, type HttpAnswer, type TestServer } from '../../support/http.ts';
import { aCheck, aNode, anInstance } from '../../support/pure-catalog.ts';
import { startRegistry, type TestRegistry } from '../../support/registry.ts';

const LEASES = '/api/v1/services/cart/ring/leases';

interface Lease {
  readonly id: string;
  readonly scope: string;
  readonly instance: { readonly id: string; readonly port: number };
  readonly load: number;
  readonly serviceLoad: number;
}

describe('native API: bounded load by leases', () => {
  let test: TestRegistry;
  let server: TestServer;
  let failing: StoreError | undefined;

  beforeEach(async () => {
    failing = undefined;
    test = await startRegistry({ wrap: breakable });
    server = await serveDialects([createNativeDialect(test.registry)]);
    for (const port of [1, 2, 3]) await register(port);
  });
  afterEach(async () => {
    await server.stop();
    await test.stop();
  });

  /** A store whose next acquisition fails after it was applied. */
  function breakable(store: Store): Store {
    return altered(store, { acquire });
    async function acquire(request: BinRequest): Promise<BinAnswer> {
      const answer = await store.acquire(request);
      const error = failing;
      failing = undefined;
      if (error !== undefined) throw error;
      return answer;
    }
  }

  async function register(port: number, status: 'passing' | 'critical' = 'passing'): Promise<void> {
    const id = `cart-${String(port)}`;
    const instance = anInstance('n1', 'cart', { id, port });
    const checks = [
      { ...aCheck('n1', `check-${String(port)}`, { instanceId: id, status }), overwriteStatus: true },
    ];
    await test.registry.catalog.register({
      node: aNode('n1'),
      keepNode: true,
      instance,
      checks,
      replaceChecks: true,
    });
  }

  const post = (fields: object) =>
    send(server.port, 'POST', LEASES, { body: JSON.stringify({ ttlMs: 60_000, ...fields }) });
  const renew = (id: string, fields: object = {}) =>
    send(server.port, 'PUT', `${LEASES}/${id}`, { body: JSON.stringify({ ttlMs: 60_000, ...fields }) });
  const release = (id: string, query = '') => send(server.port, 'DELETE', `${LEASES}/${id}${query}`);
  const leaseOf = ({ text }: HttpAnswer) => JSON.parse(text) as Lease;

  function expectRefusal(answer: HttpAnswer, status: number, code: string): void {
    expect([answer.status, (JSON.parse(answer.text) as { code: string }).code]).to.deep.equal([status, code]);
  }

  it('fills the instances of one key in the order of its preference list, each to its share', async () => {
    const owners = await send(server.port, 'GET', '/api/v1/services/cart/owner?key=hot&replicas=3');
    const { replicas } = JSON.parse(owners.text) as { replicas: Lease['instance'][] };
    const [first, second, third] = replicas.map(({ id }) => id);
    const given: string[] = [];
    for (let n = 0; n < 8; n += 1) given.push(leaseOf(await post({ key: 'hot' })).instance.id);
    // 1.25 * (leases + 1) / 3, rounded up: 1 1 2 2 3 3 3 4.
    expect(given).to.deep.equal([first, second, first, second, first, second, third, first]);
  });

  for (const scope of ['registry', 'node'] as const) {
    it(`takes, renews and gives back a place, counted by ${scope}`, async () => {
      const taken = await post({ key: 'k', scope });
      expect(taken.status).to.equal(201);
      const lease = leaseOf(taken);
      expect(lease).to.deep.include({ service: 'cart', scope, ttlMs: 60_000, load: 1, serviceLoad: 1 });
      const renewed = await renew(lease.id, { scope });
      expect([renewed.status, leaseOf(renewed)]).to.deep.equal([200, lease]);
      const again = await post({ key: 'other', id: lease.id, scope });
      expect([again.status, leaseOf(again)]).to.deep.equal([200, lease]);
      expect((await release(lease.id, `?scope=${scope}`)).status).to.equal(204);
      expectRefusal(await release(lease.id, `?scope=${scope}`), 404, 'lease_not_found');
      expectRefusal(await renew(lease.id, { scope }), 404, 'lease_not_found');
      expect(leaseOf(await post({ key: 'k', scope })).serviceLoad).to.equal(1);
    });

    it(`forgets a lease that ran out, counted by ${scope}`, async () => {
      await post({ key: 'k', ttlMs: 1000, scope, id: 'short' });
      await eventually(async () => {
        await test.registry.leases.sweep(10);
        return (await renew('short', { ttlMs: 1000, scope })).status === 404 ? true : await pauseBetween();
      }, 'the lease is gone');
      expect(leaseOf(await post({ key: 'k', scope })).serviceLoad).to.equal(1);
    });
  }

  /** A renewal each time would keep it. */
  async function pauseBetween(): Promise<false> {
    const until = performance.now() + 1200;
    await eventually(async () => {
      await test.registry.leases.sweep(10);
      return performance.now() > until;
    }, 'a little while');
    return false;
  }

  it('counts what a node gave out apart from what the registry did', async () => {
    await post({ key: 'k' });
    expect(leaseOf(await post({ key: 'k', scope: 'node' })).serviceLoad).to.equal(1);
  });

  it('takes no place on a critical instance, and moves a lease off one when asked again', async () => {
    const lease = leaseOf(await post({ key: 'k', id: 'mine' }));
    await register(lease.instance.port, 'critical');
    expect((await renew('mine')).status).to.equal(200);
    const moved = leaseOf(await post({ key: 'k', id: 'mine' }));
    expect(moved.instance.id).to.not.equal(lease.instance.id);
    expect(moved).to.include({ load: 1, serviceLoad: 1 });
  });

  it('does not renew a lease on an instance that is gone', async () => {
    const lease = leaseOf(await post({ key: 'k', id: 'mine' }));
    await test.registry.catalog.deregisterInstance('n1', lease.instance.id);
    expectRefusal(await renew('mine'), 404, 'lease_not_found');
    expect(leaseOf(await post({ key: 'k', id: 'mine' })).serviceLoad).to.equal(1);
  });

  it('names the lease where the outcome is unknown, and asking again counts it once', async () => {
    failing = new StoreError('unknown_outcome', 'the reply was lost');
    const unknown = await post({ key: 'k' });
    expectRefusal(unknown, 503, 'outcome_unknown');
    const [, id = ''] = /"([\w-]{36})"/.exec((JSON.parse(unknown.text) as { detail: string }).detail) ?? [];
    expect(leaseOf(await post({ key: 'k', id }))).to.include({ id, serviceLoad: 1 });
  });

  it('takes the factor of the request, and all on the owner where that allows it', async () => {
    const given = new Set<string>();
    for (let n = 0; n < 6; n += 1)
      given.add(leaseOf(await post({ key: 'hot', loadFactorPercent: 300 })).instance.id);
    expect(given.size).to.equal(1);
  });

  it('is refused while every instance is critical, and without instances', async () => {
    for (const port of [1, 2, 3]) await register(port, 'critical');
    expectRefusal(await post({ key: 'k' }), 503, 'no_available_owner');
    const unknown = '/api/v1/services/nope/ring/leases';
    const body = JSON.stringify({ key: 'k', ttlMs: 1000 });
    expectRefusal(await send(server.port, 'POST', unknown, { body }), 404, 'service_not_found');
  });

  const malformed: object[] = [
    { key: undefined },
    { key: 1 },
    { key: 'k', ttlMs: 999 },
    { key: 'k', ttlMs: 86_400_001 },
    { key: 'k', ttlMs: '60s' },
    { key: 'k', id: '' },
    { key: 'k', id: 'a/b' },
    { key: 'k', id: 'x'.repeat(129) },
    { key: 'k', loadFactorPercent: 99 },
    { key: 'k', loadFactorPercent: 1001 },
    { key: 'k', scope: 'all' },
    { key: 'k', zone: 7 },
    { key: 'x'.repeat(64 * 1024 + 1) },
    { key: 'k', colour: 'red' },
  ];
  for (const fields of malformed) {
    it(`refuses ${JSON.stringify(fields).slice(0, 60)}`, async () => {
      expectRefusal(await post(fields), 400, 'invalid_request');
      expect(leaseOf(await post({ key: 'k' })).serviceLoad).to.equal(1);
    });
  }

  it('refuses to give back or renew under a malformed id or scope', async () => {
    expectRefusal(await release('a%2Fb'), 400, 'invalid_request');
    expectRefusal(await release('a', '?scope=all'), 400, 'invalid_request');
    expectRefusal(await renew('a', { key: 'k' }), 400, 'invalid_request');
  });
});
