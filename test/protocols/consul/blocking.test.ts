import { expect } from 'chai';
import { eventually } from '../../support/eventually.ts';
import type { HttpAnswer } from '../../support/http.ts';
import { ConsulServer, indexOf } from './consul-server.ts';

const LONG = 'wait=10s';

describe('Consul blocking queries', () => {
  let server: ConsulServer;

  before(async () => {
    server = await ConsulServer.start();
  });

  after(() => server.stop());

  /** Blocks on a path from its present index and waits until the registry has the reader. */
  async function block(path: string): Promise<{ index: number; blocked: Promise<HttpAnswer> }> {
    const mark = path.includes('?') ? '&' : '?';
    const index = indexOf(await server.get(path));
    const waiters = server.registry.status().waiters;
    const blocked = server.get(`${path}${mark}index=${String(index)}&${LONG}`);
    blocked.catch(() => undefined);
    await eventually(() => server.registry.status().waiters > waiters, 'the reader blocks');
    return { index, blocked };
  }

  async function isWoken(blocked: Promise<HttpAnswer>): Promise<boolean> {
    const still = Symbol('still blocked');
    const grace = new Promise((resolve) => setTimeout(resolve, 150, still));
    return (await Promise.race([blocked, grace])) !== still;
  }

  it('answers at once when the index is behind, absent or 0', async () => {
    await server.put('/v1/kv/now', 'x');
    const { index } = await server.get('/v1/kv/now').then((answer) => ({ index: indexOf(answer) }));
    for (const query of ['', '?index=0&wait=10s', `?index=${String(index - 1)}&wait=10s`]) {
      expect((await server.get(`/v1/kv/now${query}`)).status, query).to.equal(200);
    }
  });

  it('answers after the wait, and up to a sixteenth later, with the old index', async () => {
    await server.put('/v1/kv/timeout', 'x');
    const index = indexOf(await server.get('/v1/kv/timeout'));
    const startedAt = performance.now();
    const answer = await server.get(`/v1/kv/timeout?index=${String(index)}&wait=200ms`);
    expect(performance.now() - startedAt).to.be.within(195, 2000);
    expect(answer.status).to.equal(200);
    expect(indexOf(answer)).to.equal(index);
  });

  it('wakes a reader of one key for that key alone', async () => {
    await server.put('/v1/kv/mine', 'a');
    const { index, blocked } = await block('/v1/kv/mine');
    await server.put('/v1/kv/mine-not', 'b');
    await server.put('/v1/kv/mine', 'a');
    expect(await isWoken(blocked)).to.equal(false);
    await server.put('/v1/kv/mine', 'c');
    const answer = await blocked;
    expect(indexOf(answer)).to.be.above(index);
    expect(answer.text).to.include(Buffer.from('c').toString('base64'));
  });

  it('wakes a reader of an absent key when it is created, not for other keys', async () => {
    const { blocked } = await block('/v1/kv/absent');
    await server.put('/v1/kv/another', 'b');
    expect(await isWoken(blocked)).to.equal(false);
    await server.put('/v1/kv/absent', 'x');
    expect((await blocked).status).to.equal(200);
  });

  it('wakes a reader of a prefix for writes and deletions under it', async () => {
    await server.put('/v1/kv/tree/a', '1');
    for (const path of ['/v1/kv/tree/?recurse', '/v1/kv/tree/?keys']) {
      const created = await block(path);
      await server.put('/v1/kv/treehouse', path);
      expect(await isWoken(created.blocked)).to.equal(false);
      await server.put('/v1/kv/tree/b', path);
      expect(indexOf(await created.blocked)).to.be.above(created.index);
      const deleted = await block(path);
      await server.delete('/v1/kv/tree/b');
      expect(indexOf(await deleted.blocked)).to.be.above(deleted.index);
    }
  });

  it('wakes health but not catalog readers of a service for a check that changes', async () => {
    await server.put('/v1/agent/service/register', { Name: 'flip', Check: { TTL: '1h' } });
    const health = await block('/v1/health/service/flip');
    const catalog = await block('/v1/catalog/service/flip');
    const names = await block('/v1/catalog/services');
    await server.put('/v1/agent/check/pass/service:flip');
    expect(await isWoken(catalog.blocked)).to.equal(false);
    expect(await isWoken(names.blocked)).to.equal(false);
    expect(indexOf(await health.blocked)).to.be.above(health.index);
    expect(indexOf(await server.get('/v1/catalog/service/flip'))).to.be.above(catalog.index);
    await server.put('/v1/agent/service/register', { Name: 'flip', Tags: ['new'], Check: { TTL: '1h' } });
    expect((await catalog.blocked).text).to.include('"ServiceTags":["new"]');
    expect((await names.blocked).text).to.include('"flip":["new"]');
  });

  it('does not wake a reader of one service for another', async () => {
    await server.put('/v1/agent/service/register', { Name: 'quiet' });
    const { blocked } = await block('/v1/health/service/quiet');
    await server.put('/v1/agent/service/register', { Name: 'loud' });
    await server.put('/v1/agent/service/deregister/loud');
    await server.put('/v1/agent/service/register', { Name: 'quiet' });
    expect(await isWoken(blocked)).to.equal(false);
    await server.put('/v1/agent/service/deregister/quiet');
    expect((await blocked).text).to.equal('[]');
  });

  it('wakes a reader of a service without instances when another service loses its last', async () => {
    await server.put('/v1/agent/service/register', { Name: 'doomed' });
    for (const path of ['/v1/health/service/nobody', '/v1/catalog/service/nobody']) {
      await server.put('/v1/agent/service/register', { Name: 'doomed' });
      const { index, blocked } = await block(path);
      await server.put('/v1/agent/service/register', { Name: `born-${String(index)}` });
      expect(await isWoken(blocked)).to.equal(false);
      await server.put('/v1/agent/service/deregister/doomed');
      expect(indexOf(await blocked)).to.be.above(index);
    }
  });

  it('takes the index of a service from its own to that of the last extinction when its last instance goes', async () => {
    await server.put('/v1/agent/service/register', { Name: 'last' });
    const { index, blocked } = await block('/v1/health/service/last');
    await server.put('/v1/agent/service/deregister/last');
    const gone = indexOf(await blocked);
    expect(gone).to.be.above(index);
    expect(gone).to.equal(indexOf(await server.get('/v1/health/service/never-there')));
  });

  it('leaves the index of what was asked for to the next read when time is up before anybody was woken', async () => {
    await server.put('/v1/agent/service/register', { Name: 'late', Check: { TTL: '1h' } });
    const path = '/v1/catalog/service/late';
    const index = indexOf(await server.get(path));
    const waiters = server.registry.status().waiters;
    const blocked = server.get(`${path}?index=${String(index)}&wait=1s`);
    await eventually(() => server.registry.status().waiters > waiters, 'the reader blocks');
    await server.put('/v1/agent/check/pass/service:late');
    expect(indexOf(await blocked)).to.equal(index);
    expect(indexOf(await server.get(`${path}?index=${String(index)}&wait=10s`))).to.be.above(index);
  });

  it('never answers with what was under a prefix before, though its index goes back when deletions are forgotten', async () => {
    await server.put('/v1/kv/reaped/x', '1');
    await server.put('/v1/kv/reaped/y', '1');
    const before = await server.get('/v1/kv/reaped/?keys');
    expect(before.text).to.equal('["reaped/x","reaped/y"]');
    await server.delete('/v1/kv/reaped/x');
    await server.registry.kv.reapTombstones(Number.MAX_SAFE_INTEGER, 1000);
    const after = await server.get('/v1/kv/reaped/?keys');
    expect(indexOf(after)).to.equal(indexOf(before));
    expect(after.text).to.equal('["reaped/y"]');
  });

  it('wakes a reader of an unknown service when it registers', async () => {
    const { blocked } = await block('/v1/health/service/later');
    await server.put('/v1/agent/service/register', { Name: 'later' });
    expect((await blocked).text).to.include('"Service":"later"');
  });

  it('wakes readers of checks when the tags they show change', async () => {
    await server.put('/v1/agent/service/register', { Name: 'tagged', Check: { TTL: '1h' } });
    const { blocked } = await block('/v1/health/state/any');
    await server.put('/v1/agent/service/register', { Name: 'tagged', Tags: ['fresh'], Check: { TTL: '1h' } });
    expect((await blocked).text).to.include('"ServiceTags":["fresh"]');
  });

  it('wakes readers of nodes and of one node', async () => {
    const nodes = await block('/v1/catalog/nodes');
    const checks = await block('/v1/health/node/late');
    await server.put('/v1/catalog/register', { Node: 'late', Address: '10.0.0.1', Check: { Name: 'n' } });
    expect((await nodes.blocked).text).to.include('"Node":"late"');
    expect((await checks.blocked).text).to.include('"CheckID":"n"');
    const one = await block('/v1/catalog/node/late');
    await server.put('/v1/catalog/register', { Node: 'late', Address: '10.0.0.2' });
    expect((await one.blocked).text).to.include('10.0.0.2');
  });

  it('answers a reader whose index comes from a later epoch at once', async () => {
    const later = 5 * 2 ** 32 + 7;
    const answer = await server.get(`/v1/kv/now?index=${String(later)}&${LONG}`);
    expect(indexOf(answer)).to.be.below(later);
  });

  it('forgets a reader that has gone away', async () => {
    const { blocked } = await block('/v1/catalog/nodes');
    blocked.catch(() => undefined);
    const before = server.registry.status().waiters;
    const gone = new AbortController();
    const index = indexOf(await server.get('/v1/catalog/nodes'));
    const url = `http://127.0.0.1:${String(server.port)}/v1/catalog/nodes?index=${String(index)}&${LONG}`;
    const leaving = fetch(url, { signal: gone.signal }).catch(() => undefined);
    await eventually(() => server.registry.status().waiters === before + 1, 'the reader blocks');
    gone.abort();
    await leaving;
    await eventually(() => server.registry.status().waiters === before, 'the reader is forgotten');
    await server.put('/v1/catalog/register', { Node: 'later', Address: '10.0.0.1' });
    await blocked;
  });
});
