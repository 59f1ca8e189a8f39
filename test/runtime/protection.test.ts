import { expect } from 'chai';
import { DEFAULT_PROTECTION, type Registration } from '../../src/core/index.ts';
import { createLogger } from '../../src/platform/logger.ts';
import { systemRandom } from '../../src/platform/random.ts';
import { LeaseSweeper } from '../../src/runtime/lease-sweeper.ts';
import { createRedisStore } from '../../src/store/redis/index.ts';
import { eventually } from '../support/eventually.ts';
import { aCheck, aNode, anInstance } from '../support/pure-catalog.ts';
import { redisAvailable, RedisServer, requireRedis } from '../support/redis-server.ts';
import { startRegistry, TEST_IDENTITY, type TestRegistry } from '../support/registry.ts';

const TTL_MS = 2500;
const BEAT_MS = 300;
const COUNT = 40;
const SLOW_MS = 40_000;

const ids = Array.from({ length: COUNT }, (_, i) => `web-${i}`);

function registration(id: string): Registration {
  const source = { kind: 'lease', ttlMs: TTL_MS } as const;
  return {
    node: aNode('n1'),
    keepNode: true,
    instance: anInstance('n1', 'web', { id, port: 0 }),
    checks: [{ ...aCheck('n1', `c-${id}`, { instanceId: id, source }), overwriteStatus: true }],
    replaceChecks: false,
  };
}

describe('self-preservation', () => {
  for (const kind of ['embedded', 'redis'] as const) {
    describe(`on ${kind}`, () => {
      let redis: RedisServer | undefined;
      let nodes: TestRegistry[];
      let sweepers: LeaseSweeper[];
      let beating: Set<string>;
      let beats: NodeJS.Timeout;
      before(async function () {
        if (kind === 'embedded') return;
        requireRedis(this);
        redis = await RedisServer.start();
      });
      after(async () => {
        if (redisAvailable()) await redis?.stop();
      });
      beforeEach(async () => {
        nodes = [await startNode(1)];
        if (kind === 'redis') nodes.push(await startNode(2));
        sweepers = nodes.map(({ registry }) => {
          const deps = { registry, logger: createLogger('silent'), random: systemRandom };
          return new LeaseSweeper(deps);
        });
        for (const sweeper of sweepers) sweeper.start();
        for (const id of ids) await one().registry.catalog.register(registration(id));
        beating = new Set(ids);
        beats = setInterval(() => {
          for (const id of beating) {
            // One whose instance has gone is told so, and would register again.
            Promise.resolve(one().registry.health.heartbeat('n1', `c-${id}`, 'passing', '')).catch(
              () => undefined,
            );
          }
        }, BEAT_MS);
        // What was registered first may have waited for long on a busy machine.
        await eventually(() => sweepers.some(({ leads }) => leads), 'a leader');
      });
      afterEach(async () => {
        clearInterval(beats);
        for (const sweeper of sweepers) await sweeper.stop();
        for (const node of nodes) await node.stop();
        await redis?.call('FLUSHALL');
      });
      const one = (): TestRegistry => {
        const [first] = nodes;
        if (first === undefined) throw new Error('no node');
        return first;
      };
      async function startNode(number: number): Promise<TestRegistry> {
        const logger = createLogger('silent');
        const identity = {
          nodeName: `registry-${number}`,
          nodeId: TEST_IDENTITY.nodeId.replaceAll('1', `${number}`),
        };
        const protection = DEFAULT_PROTECTION;
        if (redis === undefined) return startRegistry({ identity, protection });
        return startRegistry({ identity, protection, store: createRedisStore({ url: redis.url, logger }) });
      }
      const living = () => one().registry.state.instances.size;
      const statuses = () => nodes.map(({ registry }) => registry.protection.status());

      it('lets one go, and then keeps most of those that stop at once until they are back', async () => {
        const [first = '', ...others] = ids;
        beating.delete(first);
        const stoppedAt = performance.now();
        await eventually(() => living() === COUNT - 1, 'the one that stopped gone', SLOW_MS);
        expect(performance.now() - stoppedAt).to.be.above(TTL_MS - BEAT_MS);
        for (const status of statuses()) expect(status.active).to.equal(false);

        beating = new Set(others.slice(30));
        await eventually(
          () => statuses().every(({ active }) => active),
          'protection, on every node',
          SLOW_MS,
        );
        // The budget is 15 % of 40, and one has gone already.
        await eventually(() => statuses().every(({ held }) => held > 0), 'a note of what is spared', SLOW_MS);
        expect(living()).to.equal(COUNT - 6);
        const [status] = statuses();
        expect(status?.reason).to.match(/^\d+ of 40 leases ran out within 60 s, and 6 may$/);

        beating = new Set(others);
        await eventually(() => statuses().every(({ active }) => !active), 'the end of it', SLOW_MS);
        expect(living()).to.equal(COUNT - 6);
      }).timeout(120_000);
    });
  }
});
