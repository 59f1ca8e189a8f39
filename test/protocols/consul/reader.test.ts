import { expect } from 'chai';
import { State } from '../../../src/core/index.ts';
import type { RouteResponse } from '../../../src/http/index.ts';
import { AnswerCache } from '../../../src/protocols/consul/answer-cache.ts';
import { createConsulDialect } from '../../../src/protocols/consul/index.ts';
import { systemClock } from '../../../src/platform/clock.ts';
import { systemRandom } from '../../../src/platform/random.ts';
import { eventually } from '../../support/eventually.ts';
import { send, serveDialects, type TestServer } from '../../support/http.ts';
import { startRegistry, type TestRegistry } from '../../support/registry.ts';
import { ConsulServer, indexOf } from './consul-server.ts';

function answer(length: number): RouteResponse {
  return { status: 200, body: Buffer.alloc(length) };
}

describe('Consul answer cache', () => {
  const never = (): RouteResponse => {
    throw new Error('encoded again');
  };

  it('encodes a question once per index and shares the bytes', () => {
    const cache = new AnswerCache();
    const state = new State();
    const first = cache.get('q', 7, state, () => answer(10));
    expect(cache.get('q', 7, state, never)).to.equal(first);
    const second = cache.get('q', 8, state, () => answer(10));
    expect(second).to.not.equal(first);
    expect(cache.get('q', 8, state, never)).to.equal(second);
  });

  it('forgets everything with the state it was taken from', () => {
    const cache = new AnswerCache();
    const first = cache.get('q', 7, new State(), () => answer(10));
    expect(cache.get('q', 7, new State(), () => answer(10))).to.not.equal(first);
  });

  it('keeps no more than 64 MB, dropping the oldest', () => {
    const cache = new AnswerCache();
    const state = new State();
    for (let i = 0; i < 9; i++) cache.get(`q${String(i)}`, 1, state, () => answer(8_000_000));
    expect(() => cache.get('q0', 1, state, never)).to.throw('encoded again');
    cache.get('q8', 1, state, never);
  });

  it('keeps neither empty answers nor giants', () => {
    const cache = new AnswerCache();
    const state = new State();
    for (const length of [2, 9_000_000]) {
      cache.get('q', 1, state, () => answer(length));
      expect(() => cache.get('q', 1, state, never)).to.throw('encoded again');
    }
  });
});

describe('Consul read modes', () => {
  let tested: TestRegistry;
  let server: TestServer;
  let fraction = 0;

  before(async () => {
    tested = await startRegistry();
    const options = {
      clock: systemClock,
      kvMaxValueBytes: 1000,
      checkIntervalMinMs: 1000,
      checkDeregisterMinMs: 60_000,
    };
    const random = { ...systemRandom, fraction: () => fraction };
    server = await serveDialects([createConsulDialect(tested.registry, { ...options, random })]);
  });

  after(async () => {
    await server.stop();
    await tested.stop();
  });

  const consistency = async (query: string) =>
    (await send(server.port, 'GET', `/v1/catalog/nodes?${query}`)).headers['x-consul-effective-consistency'];

  it('are as asked for', async () => {
    expect(await consistency('')).to.equal('leader');
    expect(await consistency('stale')).to.equal('stale');
    expect(await consistency('consistent=')).to.equal('consistent');
    expect(await consistency('max_stale=1h')).to.equal('stale');
  });

  it('are answered cached from memory while that is young enough', async () => {
    const cached = (headers: Record<string, string>) =>
      send(server.port, 'GET', '/v1/health/service/cached-one?cached', { headers });
    expect((await cached({})).headers).to.include({ 'x-cache': 'MISS' });
    expect((await cached({ 'Cache-Control': 'max-age=1' })).headers).to.include({
      'x-cache': 'HIT',
      age: '0',
    });
  });

  it('have a refusal: a read that the catalog refuses tells of index 1 and of no leader', async () => {
    const { status, headers } = await send(server.port, 'GET', '/v1/catalog/nodes?dc=elsewhere');
    expect(status).to.equal(500);
    expect(headers).to.include({ 'x-consul-index': '1', 'x-consul-knownleader': 'false' });
  });

  it('are for GET: below query/ a refused method is told without OPTIONS', async () => {
    const allow = async (path: string) => (await send(server.port, 'POST', path)).headers.allow;
    expect(await allow('/v1/query/x')).to.equal('GET,PUT,DELETE');
    expect(await allow('/v1/catalog/nodes')).to.equal('OPTIONS,GET');
  });

  it('ask the store after all when memory is older than allowed', async () => {
    await eventually(
      async () => (await consistency('max_stale=1ns')) === 'leader',
      'memory is older than that',
    );
  });

  it('spread the end of waits over a sixteenth', async () => {
    fraction = 0.99;
    const index = indexOf(await send(server.port, 'GET', '/v1/catalog/nodes'));
    const startedAt = performance.now();
    await send(server.port, 'GET', `/v1/catalog/nodes?index=${String(index)}&wait=1600ms`);
    expect(performance.now() - startedAt).to.be.at.least(1690);
  });
});

describe('Consul reads after writes', () => {
  let server: ConsulServer;

  before(async () => {
    server = await ConsulServer.start();
  });

  after(() => server.stop());

  const READS = [
    '/v1/health/service/web',
    '/v1/health/service/web?passing',
    '/v1/health/checks/web',
    '/v1/health/node/n1',
    '/v1/health/state/any?node-meta=rack:1',
    '/v1/catalog/service/web?node-meta=rack:1',
    '/v1/catalog/node/n1',
    '/v1/catalog/services?node-meta=rack:1',
    '/v1/catalog/nodes?node-meta=rack:1',
    '/v1/kv/conf/?recurse',
    '/v1/kv/conf/?keys',
    '/v1/kv/conf/a',
  ];

  /** Every write, and what the answers to each of the reads must then contain, or miss where it begins with `!`. */
  const node = { Node: 'n1', Address: '10.0.0.1', NodeMeta: { rack: '1' } };
  const check = { CheckID: 'c', ServiceID: 'web', Status: 'passing' };
  const steps: readonly (readonly [write: () => Promise<unknown>, expected: readonly string[]])[] = [
    [
      () =>
        server.put('/v1/catalog/register', {
          ...node,
          Service: { Service: 'web', Tags: ['v1'] },
          Check: check,
        }),
      ['v1', 'v1', 'v1', 'v1', 'v1', 'v1', '"web"', 'v1', 'n1', '!', '!', '!'],
    ],
    [
      () => server.put('/v1/catalog/register', { ...node, Service: { Service: 'web', Tags: ['v2'] } }),
      ['v2', 'v2', 'v2', 'v2', 'v2', 'v2', 'v2', 'v2', 'n1', '!', '!', '!'],
    ],
    [
      () => server.put('/v1/catalog/register', { ...node, Check: { ...check, Status: 'warning' } }),
      ['warning', '!web', 'warning', 'warning', 'warning', 'v2', 'v2', 'v2', 'n1', '!', '!', '!'],
    ],
    [
      () => server.put('/v1/catalog/register', { ...node, Address: '10.0.0.2' }),
      ['10.0.0.2', '!web', 'v2', 'v2', 'v2', '10.0.0.2', '10.0.0.2', 'v2', '10.0.0.2', '!', '!', '!'],
    ],
    [
      () => server.put('/v1/kv/conf/a', 'x'),
      ['web', '!web', 'v2', 'v2', 'v2', 'v2', 'v2', 'v2', 'n1', 'eA==', 'conf/a', 'eA=='],
    ],
    [
      () => server.put('/v1/kv/conf/b', 'y'),
      ['web', '!web', 'v2', 'v2', 'v2', 'v2', 'v2', 'v2', 'n1', 'eQ==', 'conf/b', 'eA=='],
    ],
    [
      () => server.delete('/v1/kv/conf/a'),
      ['web', '!web', 'v2', 'v2', 'v2', 'v2', 'v2', 'v2', 'n1', '!eA==', '!conf/a', '!eA=='],
    ],
    [
      () => server.put('/v1/catalog/register', { ...node, NodeMeta: { rack: '2' } }),
      ['"rack":"2"', '!web', 'v2', 'v2', '!v2', '!v2', 'v2', '!v2', '!n1', 'eQ==', 'conf/b', '!eA=='],
    ],
    [
      () => server.put('/v1/catalog/deregister', { Node: 'n1' }),
      ['!web', '!web', '!v2', '!v2', '!v2', '!v2', '!v2', '!v2', '!n1', 'eQ==', 'conf/b', '!eA=='],
    ],
  ];

  it('filter service names by their instances, as versions from 1.16 do', async () => {
    const node = { Node: 'filtered', Address: '10.0.0.9', NodeMeta: { rack: '9' } };
    for (const [name, tag] of [
      ['even', 'a'],
      ['odd', 'b'],
    ]) {
      await server.put('/v1/catalog/register', { ...node, Service: { Service: name, Tags: [tag] } });
    }
    const names = (filter: string) =>
      server.json(`/v1/catalog/services?filter=${encodeURIComponent(filter)}&node-meta=rack:9`);
    expect(await names('a in ServiceTags')).to.deep.equal({ even: ['a'] });
    expect(await names('ServiceName != even')).to.deep.equal({ odd: ['b'] });
    expect(await names('NodeMeta.rack == 8')).to.deep.equal({});
    await server.put('/v1/catalog/deregister', { Node: 'filtered' });
  });

  it('show every change at once, however often an answer was given before', async () => {
    for (const [step, [write, expected]] of steps.entries()) {
      await write();
      for (const [i, path] of READS.entries()) {
        const part = expected[i] ?? '';
        for (const answer of [await server.get(path), await server.get(path)]) {
          const where = `step ${String(step)}, ${path}`;
          if (part.startsWith('!')) expect(answer.text, where).to.not.include(part.slice(1) || '"Key"');
          else expect(answer.text, where).to.include(part);
        }
      }
    }
  });
});
