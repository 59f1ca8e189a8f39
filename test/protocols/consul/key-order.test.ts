import { expect } from 'chai';
import { ringPolicyFrom } from '../../../src/core/index.ts';
import { ConsulServer } from './consul-server.ts';

interface Located {
  readonly ServiceID: string;
}

describe('Consul lookups by key', () => {
  let server: ConsulServer;
  before(async () => {
    server = await ConsulServer.start();
    for (const n of [1, 2, 3, 4, 5])
      await server.put('/v1/agent/service/register', {
        Name: 'cart',
        ID: `cart-${String(n)}`,
        Address: `10.0.0.${String(n)}`,
        Port: 80,
        Check: { CheckID: `c-${String(n)}`, TTL: '60s', Status: 'passing' },
      });
  });
  after(() => server.stop());
  const catalog = async (query = '') =>
    (await server.json<Located[]>(`/v1/catalog/service/cart${query}`)).map(({ ServiceID }) => ServiceID);
  const health = async (query = '') =>
    (await server.json<{ Service: { ID: string } }[]>(`/v1/health/service/cart${query}`)).map(
      ({ Service }) => Service.ID,
    );
  const preference = (key: string) =>
    server.registry.rings.place('cart', key, 5).preference.map(({ instance }) => instance.id);

  it('answers the owner first and then who is to be asked after it', async () => {
    for (const key of ['user-1', 'user-2', 'a/b c', '']) {
      const query = `?hash=${encodeURIComponent(key)}`;
      expect(await catalog(query)).to.deep.equal(preference(key));
      expect(await health(`${query}&passing`)).to.deep.equal(preference(key));
    }
    const plain = await server.get('/v1/health/service/cart');
    const keyed = await server.get('/v1/health/service/cart?hash=user-1');
    const sorted = (text: string) =>
      (JSON.parse(text) as { Service: { ID: string } }[]).sort((a, b) =>
        a.Service.ID < b.Service.ID ? -1 : 1,
      );
    expect(sorted(keyed.text)).to.deep.equal(sorted(plain.text));
    expect(await server.json('/v1/health/service/nope?hash=k')).to.deep.equal([]);
  });

  it('puts critical instances last, and leaves them out where they are not wanted', async () => {
    const [owner = '', ...others] = preference('user-7');
    await server.put(`/v1/agent/check/fail/c-${owner.slice(5)}`, '');
    expect(await health('?hash=user-7')).to.deep.equal([...others, owner]);
    expect(await health('?hash=user-7&passing')).to.deep.equal(others);
    await server.put(`/v1/agent/check/pass/c-${owner.slice(5)}`, '');
    expect((await health('?hash=user-7'))[0]).to.equal(owner);
  });

  it('follows the policy of the ring, and wakes who waits', async () => {
    const { headers } = await server.get('/v1/health/service/cart?hash=user-1');
    const index = String(headers['x-consul-index']);
    const blocked = server.get(`/v1/health/service/cart?hash=user-1&index=${index}&wait=10s`);
    await server.registry.ringPolicies.put(ringPolicyFrom('cart', { algorithm: 'rendezvous' }), {
      isDryRun: false,
      maxRanges: 0,
    });
    const woken = JSON.parse((await blocked).text) as { Service: { ID: string } }[];
    expect(woken.map(({ Service }) => Service.ID)).to.deep.equal(preference('user-1'));
    for (let n = 0; n < 20; n++)
      expect(await health(`?hash=user-${String(n)}`)).to.deep.equal(preference(`user-${String(n)}`));
  });
});
