import { expect } from 'chai';
import type { Instance } from '../../../src/core/index.ts';
import { contentHash } from '../../../src/protocols/consul/content-hash.ts';
import { ConsulServer } from './consul-server.ts';

const BARE: Instance = {
  node: 'n',
  id: 'foo',
  service: 'foo',
  tags: [],
  address: '',
  port: 0,
  weights: { passing: 1, warning: 1 },
  enableTagOverride: false,
};

describe('Consul service of the agent', () => {
  let server: ConsulServer;

  before(async () => {
    server = await ConsulServer.start();
  });

  after(() => server.stop());

  it("hashes as Consul's own client expects it", () => {
    expect(contentHash({ ...BARE, tags: ['bar', 'baz'], port: 8000 }, 'dc1')).to.equal('3e352f348d44f7eb');
  });

  it('hashes differently for a difference in whatever is shown', () => {
    const proxied = (name: string) => ({
      extensions: { consul: { Kind: 'connect-proxy', Proxy: { DestinationServiceName: name } } },
    });
    const variants: Partial<Instance>[] = [
      {},
      { id: 'bar' },
      { service: 'bar' },
      { tags: ['a', 'b'] },
      { tags: ['b', 'a'] },
      { port: 1 },
      { address: 'a' },
      { meta: { a: 'b' } },
      { meta: { a: 'c' } },
      { weights: { passing: 2, warning: 1 } },
      { weights: { passing: 1, warning: 2 } },
      { enableTagOverride: true },
      { taggedAddresses: { lan: { address: 'a', port: 1 } } },
      { taggedAddresses: { lan: { address: 'a', port: 2 } } },
      { extensions: { consul: { SocketPath: '/s' } } },
      { extensions: { consul: { Connect: { Native: true } } } },
      proxied('a'),
      proxied('b'),
    ];
    const hashes = variants.map((each) => contentHash({ ...BARE, ...each }, 'dc1'));
    expect(new Set(hashes).size).to.equal(variants.length);
    const meta = { a: '1', b: '2' };
    const turned = { b: '2', a: '1' };
    expect(contentHash({ ...BARE, meta }, 'dc1')).to.equal(contentHash({ ...BARE, meta: turned }, 'dc1'));
  });

  async function hashOf(id: string): Promise<string> {
    const { headers, text } = await server.get(`/v1/agent/service/${id}`);
    const hash = String(headers['x-consul-contenthash']);
    expect((JSON.parse(text) as { ContentHash: string }).ContentHash).to.equal(hash);
    return hash;
  }

  it('answers at once when the hash is another one', async () => {
    await server.put('/v1/agent/service/register', { Name: 'web', Port: 1 });
    const startedAt = performance.now();
    const { status, headers } = await server.get('/v1/agent/service/web?hash=zz&wait=9s');
    expect(status).to.equal(200);
    expect(headers['x-consul-index']).to.equal(undefined);
    expect(performance.now() - startedAt).to.be.below(8000);
  });

  it('waits while the hash is the same, and no longer than asked', async () => {
    const hash = await hashOf('web');
    const startedAt = performance.now();
    const answer = await server.get(`/v1/agent/service/web?hash=${hash}&wait=300ms`);
    const tookMs = performance.now() - startedAt;
    expect(answer.headers['x-consul-contenthash']).to.equal(hash);
    expect(tookMs).to.be.within(290, 9000);
  });

  it('answers when the service changes, whatever changed beside it meanwhile', async () => {
    const hash = await hashOf('web');
    const waiting = server.get(`/v1/agent/service/web?hash=${hash}&wait=60s`);
    await server.put('/v1/agent/service/register', { Name: 'other' });
    await server.put('/v1/agent/check/register', { Name: 'c', ServiceID: 'web', TTL: '1h' });
    const first = await Promise.race([waiting, server.get('/v1/agent/services')]);
    expect(first.text).to.include('"other"');
    await server.put('/v1/agent/service/register', { Name: 'web', Port: 2 });
    const answer = await waiting;
    expect(answer.text).to.include('"Port":2');
    expect(answer.headers['x-consul-contenthash']).to.not.equal(hash);
  });

  it('answers when the service goes', async () => {
    const hash = await hashOf('web');
    const waiting = server.get(`/v1/agent/service/web?hash=${hash}&wait=60s`);
    await server.put('/v1/agent/service/deregister/web');
    expect(await waiting).to.include({ status: 404, text: 'unknown service ID: web' });
  });

  it('refuses a wait that is none', async () => {
    const answer = await server.get('/v1/agent/service/web?hash=a&wait=foo');
    expect(answer).to.include({ status: 400, text: 'Invalid wait time' });
  });
});
