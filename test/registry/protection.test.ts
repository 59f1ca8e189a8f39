import { expect } from 'chai';
import { createLogger } from '../../src/platform/logger.ts';
import { createRedisStore } from '../../src/store/redis/index.ts';
import { eventually } from '../support/eventually.ts';
import { RedisServer, requireRedis } from '../support/redis-server.ts';
import { startRegistry, type TestRegistry } from '../support/registry.ts';

const ROUNDS = 30;

describe('self-preservation of which two nodes believe to decide', function () {
  this.timeout(60_000);
  let server: RedisServer;
  let one: TestRegistry;
  let two: TestRegistry;

  before(async function () {
    requireRedis(this);
    server = await RedisServer.start();
    const start = (nodeId: string) => {
      const store = createRedisStore({ url: server.url, logger: createLogger('silent') });
      return startRegistry({ store, identity: { nodeId } });
    };
    [one, two] = [await start('one'), await start('two')];
  });
  after(async () => {
    await Promise.all([one.stop(), two.stop()]);
    await server.stop();
  });
  const reasons = () => [one, two].map(({ registry }) => registry.protection.current?.reason);

  it('begins once, and does not come back when one ends it while the other notes something', async () => {
    for (let round = 0; round < ROUNDS; round++) {
      await Promise.all([one.registry.protection.begin('one', 1), two.registry.protection.begin('two', 2)]);
      await eventually(() => reasons()[0] !== undefined && reasons()[0] === reasons()[1], 'both know of it');
      await Promise.all([one.registry.protection.end(), two.registry.protection.note({ held: round })]);
      await eventually(() => one.view.state.revision === two.view.state.revision, 'both know all');
      expect(reasons(), `round ${round}`).to.deep.equal([undefined, undefined]);
    }
  });
});
