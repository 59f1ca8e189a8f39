import { expect } from 'chai';
import fc from 'fast-check';
import type { Revision } from '../../src/core/index.ts';
import type { Dialect, RouteRequest, RouteResponse } from '../../src/http/index.ts';
import { systemClock } from '../../src/platform/clock.ts';
import { createLogger } from '../../src/platform/logger.ts';
import { systemRandom } from '../../src/platform/random.ts';
import { createConsulDialect } from '../../src/protocols/consul/index.ts';
import { createEurekaDialect } from '../../src/protocols/eureka/index.ts';
import type { Registry } from '../../src/registry/index.ts';
import { createRedisStore } from '../../src/store/redis/index.ts';
import type { Store } from '../../src/store/store.ts';
import { altered } from '../support/altered-store.ts';
import { send, serveDialects, type TestServer } from '../support/http.ts';
import { RedisServer, requireRedis } from '../support/redis-server.ts';
import { startRegistry } from '../support/registry.ts';

const NAMES = ['web', 'cart'];

const HEADERS: readonly Readonly<Record<string, string>>[] = [
  {},
  { 'Accept-Encoding': 'gzip' },
  { Accept: 'application/json' },
  { 'X-Consul-Namespace': 'other' },
  { 'X-Eureka-Accept': 'compact' },
];

const lookups = fc
  .record({
    path: fc.constantFrom(
      ...NAMES.flatMap((name) => [
        `/v1/health/service/${name}`,
        `/v1/catalog/service/${name}`,
        `/v1/health/checks/${name}`,
        `/v1/kv/${name}`,
        `/eureka/apps/${name}`,
      ]),
      '/v1/catalog/services',
      '/v1/kv/?recurse',
      '/v1/kv/?keys',
      '/eureka/apps',
      '/eureka/apps/delta',
    ),
    parameters: fc.subarray(['passing', 'stale', 'pretty', 'raw', 'tag=a', 'filter=ServiceName==web']),
  })
  .map(({ path, parameters }) => {
    const query = parameters.join('&');
    return { kind: 'lookup' as const, path: `${path}${path.includes('?') ? '&' : '?'}${query}` };
  });

const changes = fc
  .record({
    name: fc.constantFrom(...NAMES),
    what: fc.constantFrom('register', 'fail', 'deregister', 'key', 'no-key', 'eureka', 'maintenance'),
    value: fc.nat(3),
  })
  .map((change) => ({ kind: 'change' as const, ...change }));

type Change = typeof changes extends fc.Arbitrary<infer T> ? T : never;

function dialectsOver(registry: Registry): Dialect[] {
  const platform = { clock: systemClock, random: systemRandom };
  const limits = { kvMaxValueBytes: 512 * 1024, checkIntervalMinMs: 1000, checkDeregisterMinMs: 60_000 };
  return [createConsulDialect(registry, { ...platform, ...limits }), createEurekaDialect(registry, platform)];
}

/** The dialect with something made of each answer of a route. */
function mapped(dialect: Dialect, map: (response: RouteResponse) => RouteResponse): Dialect {
  const routes = dialect.routes.map((route) => ({
    ...route,
    handle: async (request: RouteRequest) => map(await route.handle(request)),
  }));
  return { ...dialect, routes };
}

function unrepeated(dialect: Dialect): Dialect {
  return mapped(dialect, ({ reuse: _, ...response }) => response);
}

function counted(dialect: Dialect, count: () => void): Dialect {
  return mapped(dialect, (response) => {
    count();
    return response;
  });
}

/** The store with its commits told a while after they were made. */
function followedLate(store: Store): Store {
  async function* follow(after: Revision, signal: AbortSignal) {
    for await (const commits of store.follow(after, signal)) {
      await new Promise((resolve) => setTimeout(resolve, 30));
      yield commits;
    }
  }
  return altered(store, { follow });
}

async function change(port: number, { name, what, value }: Change): Promise<void> {
  const put = (path: string, body: unknown = '') =>
    send(port, 'PUT', path, { body: typeof body === 'string' ? body : JSON.stringify(body) });
  const id = `${name}-${String(value)}`;
  switch (what) {
    case 'register': {
      const Check = { TTL: '300s', Status: 'passing' };
      await put('/v1/agent/service/register', { ID: id, Name: name, Tags: ['a'], Port: value + 1, Check });
      return;
    }
    case 'fail':
      await put(`/v1/agent/check/fail/service:${id}`);
      return;
    case 'deregister':
      await put(`/v1/agent/service/deregister/${id}`);
      return;
    case 'maintenance':
      await put(`/v1/agent/service/maintenance/${id}?enable=${String(value > 1)}`);
      return;
    case 'key':
      await put(`/v1/kv/${name}`, 'v'.repeat(1000 * value));
      return;
    case 'no-key':
      await send(port, 'DELETE', `/v1/kv/${name}`);
      return;
    case 'eureka': {
      const dataCenterInfo = { '@class': 'x', name: 'MyOwn' };
      const instance = { instanceId: id, app: name, hostName: 'h', ipAddr: '10.0.0.1', dataCenterInfo };
      const headers = { 'Content-Type': 'application/json' };
      await send(port, 'POST', `/eureka/apps/${name}`, { body: JSON.stringify({ instance }), headers });
    }
  }
}

describe('repeated answers', () => {
  for (const kind of ['embedded', 'redis'] as const) {
    it(`are those that the route would give, on the ${kind} store`, async function () {
      this.timeout(120_000);
      if (kind === 'redis') requireRedis(this);
      const redis = kind === 'redis' ? await RedisServer.start() : undefined;
      const logger = createLogger('silent');
      const store =
        redis && createRedisStore({ url: redis.url, namespace: 't', historyLength: 1000, logger });
      const tested = await startRegistry(store === undefined ? {} : { store });
      let asked = 0;
      const dialects = dialectsOver(tested.registry);
      const repeating = await serveDialects(dialects.map((each) => counted(each, () => asked++)));
      const asking = await serveDialects(dialects.map(unrepeated));
      let questions = 0;
      const answer = async (
        { port }: TestServer,
        path: string,
        headers: Readonly<Record<string, string>>,
      ) => {
        const { status, text, headers: labels } = await send(port, 'GET', path, { headers });
        return { status, text, headers: { ...labels, date: '' } };
      };
      const sameAnswers = fc.asyncProperty(
        fc.array(fc.oneof({ weight: 2, arbitrary: lookups }, { weight: 1, arbitrary: changes }), {
          minLength: 10,
          maxLength: 30,
        }),
        async (steps) => {
          for (const step of steps) {
            if (step.kind === 'change') {
              await change(asking.port, step);
              continue;
            }
            for (const headers of [...HEADERS, ...HEADERS]) {
              questions++;
              const given = await answer(repeating, step.path, headers);
              expect(given, step.path).to.deep.equal(await answer(asking, step.path, headers));
            }
          }
        },
      );
      try {
        await fc.assert(sameAnswers, { numRuns: 15, endOnFailure: true });
        expect(asked, 'asked of a route').to.be.lessThan(questions * 0.7);
      } finally {
        await repeating.stop();
        await asking.stop();
        await tested.stop();
        await redis?.stop();
      }
    });
  }

  it('have what another node has just acknowledged, where the reader did not say stale', async function () {
    this.timeout(60_000);
    requireRedis(this);
    const redis = await RedisServer.start();
    const logger = createLogger('silent');
    const store = () => createRedisStore({ url: redis.url, namespace: 't', historyLength: 1000, logger });
    const nodes = [
      await startRegistry({ store: store(), wrap: followedLate }),
      await startRegistry({ store: store() }),
    ] as const;
    const servers = [
      await serveDialects(dialectsOver(nodes[0].registry)),
      await serveDialects(dialectsOver(nodes[1].registry)),
    ] as const;
    try {
      for (let i = 0; i < 10; i++) {
        await send(servers[1].port, 'PUT', '/v1/kv/key', { body: `value ${String(i)}` });
        for (let again = 0; again < 2; again++) {
          expect((await send(servers[0].port, 'GET', '/v1/kv/key?raw')).text).to.equal(`value ${String(i)}`);
        }
      }
    } finally {
      for (const server of servers) await server.stop();
      for (const each of nodes) await each.stop();
      await redis.stop();
    }
  });
});
