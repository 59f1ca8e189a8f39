import { expect } from 'chai';
import { eventually } from '../support/eventually.ts';
import { EventStream } from '../support/event-stream.ts';
import { send } from '../support/http.ts';
import { RedisServer, requireRedis } from '../support/redis-server.ts';
import { cleanUp, startRollcall, type RollcallProcess } from '../support/rollcall-process.ts';
import { bothStores } from '../support/stores.ts';

type Json = Record<string, unknown>;

const RING = '/api/v1/services/cart/ring';
const KEYS = Array.from({ length: 500 }, (_, i) => `user-${String(i)}`);

async function call(node: RollcallProcess, method: string, path: string, body?: unknown): Promise<Json> {
  const options = body === undefined ? {} : { body: JSON.stringify(body) };
  const { status, text } = await send(node.httpPort, method, path, options);
  expect(status, `${method} ${path}: ${text}`).to.equal(200);
  return (text === '' ? {} : JSON.parse(text)) as Json;
}

async function register(node: RollcallProcess, n: number): Promise<void> {
  const Meta = { zone: n % 2 === 0 ? 'a' : 'b', shard: String(n) };
  const body = { Name: 'cart', ID: `cart-${String(n)}`, Address: `10.0.0.${String(n)}`, Port: 80, Meta };
  await call(node, 'PUT', '/v1/agent/service/register', body);
}

const lookUp = (node: RollcallProcess, options: object = {}) =>
  call(node, 'POST', `${RING}/lookup`, { keys: KEYS, replicas: 3, ...options });

describe('rings of the running program', function () {
  this.timeout(120_000);

  for (const store of bothStores()) {
    describe(`on ${store.name}`, () => {
      let settings: Readonly<Record<string, string>>;
      before(async function () {
        settings = await store.start(this);
      });
      after(async () => {
        await cleanUp();
        await store.stop();
      });

      it('keep their policy and their placement when the node starts again', async () => {
        const first = await startRollcall(settings);
        for (let n = 1; n <= 5; n++) await register(first, n);
        const policy = { algorithm: 'haproxy-consistent', hashKeyMeta: 'shard', zoneMeta: 'zone' };
        const put = await call(first, 'PUT', `${RING}/policy`, policy);
        const placed = await lookUp(first, { zone: 'a' });
        const held = await call(first, 'GET', `${RING}/policy`);
        expect(held).to.include({ algorithm: 'haproxy-consistent', revision: put['revision'] });
        expect(await first.stop()).to.equal(0);
        const again = await startRollcall(settings);
        expect(await call(again, 'GET', `${RING}/policy`)).to.deep.equal(held);
        expect(await lookUp(again, { zone: 'a' })).to.deep.equal(placed);
        await call(again, 'DELETE', `${RING}/policy`);
        expect(await call(again, 'GET', RING)).to.deep.include({
          policy: { algorithm: 'ring', pointsPerWeight: 256 },
        });
        expect(await again.stop()).to.equal(0);
      });
    });
  }

  describe('on two nodes and one Redis', () => {
    let redis: RedisServer | undefined;
    let nodes: RollcallProcess[];
    before(async function () {
      requireRedis(this);
      redis = await RedisServer.start({ appendonly: true });
      const settings = { REDIS_URL: redis.url };
      nodes = await Promise.all(
        ['first', 'second'].map((name) => startRollcall({ ...settings, NODE_NAME: name })),
      );
    });
    after(async () => {
      await cleanUp();
      await redis?.stop();
    });
    const both = <T>(ask: (node: RollcallProcess) => Promise<T>) => Promise.all(nodes.map(ask));

    it('are the same: placement, what changed, who owned a key before, and what readers are told', async () => {
      const [first, second] = nodes as [RollcallProcess, RollcallProcess];
      for (let n = 1; n <= 4; n++) await register(first, n);
      await call(second, 'PUT', `${RING}/policy`, { zoneMeta: 'zone', handOverMs: 600_000 });
      const revision = Number((await call(first, 'GET', `${RING}/policy`))['revision']);
      await eventually(
        async () =>
          (await both((node) => call(node, 'GET', RING))).every((ring) => ring['revision'] === revision),
        'both have the policy',
      );
      const streams = await both((node) => EventStream.open(node.httpPort, `${RING}/watch`));
      await register(second, 5);
      await call(first, 'PUT', '/v1/agent/service/deregister/cart-1');
      await eventually(async () => {
        const [a, b] = await both((node) => call(node, 'GET', RING));
        return a?.['revision'] === b?.['revision'] && Number(a?.['revision']) >= revision + 2;
      }, 'both have the changes');

      const questions = [
        (node: RollcallProcess) => call(node, 'GET', RING),
        (node: RollcallProcess) => call(node, 'GET', `${RING}?format=compact`),
        (node: RollcallProcess) => call(node, 'GET', `${RING}?since=${String(revision)}`),
        (node: RollcallProcess) => lookUp(node),
        (node: RollcallProcess) => lookUp(node, { zone: 'b', spread: true }),
        (node: RollcallProcess) => call(node, 'POST', `${RING}/preview`, { policy: { algorithm: 'jump' } }),
        ...KEYS.slice(0, 40).map(
          (key) => (node: RollcallProcess) => call(node, 'GET', `/api/v1/services/cart/owner?key=${key}`),
        ),
      ];
      let moved = 0;
      for (const question of questions) {
        const [a, b] = await both(question);
        expect(a).to.deep.equal(b);
        if (a !== undefined && 'previous' in a) moved++;
      }
      expect(moved).to.be.within(1, 40);
      const since = await call(first, 'GET', `${RING}?since=${String(revision)}`);
      expect(since['isFull']).to.equal(false);
      for (const stream of streams) {
        await eventually(
          () => Number(stream.events.at(-1)?.id) >= Number(since['revision']),
          'readers are told',
        );
        expect(stream.events.at(-1)?.data).to.include({ digest: since['digest'] });
        stream.close();
      }
      const [byKey] = (await both((node) =>
        send(node.httpPort, 'GET', '/v1/health/service/cart?hash=user-1').then(({ text }) => text),
      )) as [string, string];
      const owner = await call(second, 'GET', '/api/v1/services/cart/owner?key=user-1');
      const [entry] = JSON.parse(byKey) as { Service: { ID: string } }[];
      expect(entry?.Service.ID).to.equal((owner['owner'] as Json)['id']);
    });

    it('are bound to what was previewed, whoever changes them in between', async () => {
      const [first, second] = nodes as [RollcallProcess, RollcallProcess];
      const dry = await call(first, 'PUT', `${RING}/policy?dry-run`, { algorithm: 'rendezvous' });
      const { digest } = (dry['ring'] as { before: { digest: string } }).before;
      await register(second, 6);
      const path = `${RING}/policy?digest=${digest}`;
      const refused = await send(first.httpPort, 'PUT', path, { body: '{"algorithm":"rendezvous"}' });
      expect([refused.status, (JSON.parse(refused.text) as Json)['code']]).to.deep.equal([
        409,
        'ring_changed',
      ]);
    });
  });
});
