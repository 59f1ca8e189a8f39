import { expect } from 'chai';
import { createLogger } from '../../src/platform/logger.ts';
import { CommandConnection } from '../../src/store/redis/command-connection.ts';
import { storeKeys } from '../../src/store/redis/keys.ts';
import { Scripts } from '../../src/store/redis/scripts.ts';
import { requireRedis, type RedisServer } from '../support/redis-server.ts';
import { apply, picture } from './harness.ts';
import { cleanUp, openStore, startServer } from './redis-harness.ts';

describe('redis store: scripts', function () {
  this.timeout(30_000);
  let server: RedisServer;

  before(function () {
    requireRedis(this);
  });

  beforeEach(async () => {
    server = await startServer();
  });

  afterEach(cleanUp);

  it('compact keeps a topic that was touched after it had been listed as old', async () => {
    const store = await openStore(server.url);
    const upTo = await apply(store, { touches: ['old', 'late'] });
    const touched = await apply(store, { touches: ['late'] });
    const connection = new CommandConnection({
      label: 'test',
      access: { login: {}, db: 0, tls: undefined },
      logger: createLogger('silent'),
      endpoint: { host: '127.0.0.1', port: server.port },
    });
    try {
      await connection.ready(5000);
      const line = String(await server.call('HGET', '{rollcall}:meta', 'line'));
      const scripts = new Scripts(storeKeys('rollcall').all);
      expect(await scripts.run(connection, 'compact', [line, upTo, 'old', 'late', 'unknown'])).to.equal(1);
      expect([...(await picture(store)).topics]).to.deep.equal([['late', touched]]);
    } finally {
      await connection.close();
    }
  });
});
