import { createLogger } from '../../../src/platform/logger.ts';
import { createRedisStore } from '../../../src/store/redis/index.ts';
import { EurekaServer } from '../../support/eureka-server.ts';
import { RedisServer, requireRedis } from '../../support/redis-server.ts';
import { EXCHANGES } from './exchanges.ts';
import { expectAnswer, replay, titleOf } from './replay.ts';

interface Started {
  readonly server: EurekaServer;
  readonly stop: () => Promise<void>;
}

const STARTS: Readonly<Record<string, (context: Mocha.Context) => Promise<Started>>> = {
  'on the embedded store': async () => {
    const server = await EurekaServer.start();
    return { server, stop: () => server.stop() };
  },
  'on Redis': async (context) => {
    requireRedis(context);
    const redis = await RedisServer.start();
    const logger = createLogger('silent');
    const store = createRedisStore({ url: redis.url, namespace: 'eureka', historyLength: 10_000, logger });
    const server = await EurekaServer.start({ store });
    return {
      server,
      stop: async () => {
        await server.stop();
        await redis.stop();
      },
    };
  },
};

for (const [where, start] of Object.entries(STARTS)) {
  describe(`Eureka conformance ${where}`, () => {
    let started: Started | undefined;
    before(async function () {
      this.timeout(60_000);
      started = await start(this);
    });
    after(() => started?.stop());

    for (const [group, exchanges] of Object.entries(EXCHANGES)) {
      describe(group, () => {
        before(async () => {
          if (started === undefined) return;
          const { registry } = started.server;
          for (const name of [...registry.state.nodes.values()].map((node) => node.name)) {
            await registry.catalog.deregisterNode(name);
          }
        });
        for (const exchange of exchanges) {
          it(titleOf(exchange), async () => {
            if (started === undefined) throw new Error('nothing was started');
            expectAnswer(exchange, await replay(started.server.port, exchange));
          });
        }
      });
    }
  });
}
