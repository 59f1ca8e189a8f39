import { expect } from 'chai';
import { EPOCH_SPAN } from '../../src/core/index.ts';
import { judgeProfile } from '../../src/store/redis/profile.ts';
import { StoreError } from '../../src/store/store.ts';
import { eventually } from '../support/eventually.ts';
import { requireRedis, type RedisServer } from '../support/redis-server.ts';
import { apply, codeOf, put } from './harness.ts';
import { buildStore, cleanUp, openStore, startServer } from './redis-harness.ts';

describe('redis store: the profile of the server', function () {
  this.timeout(30_000);
  before(function () {
    requireRedis(this);
  });

  afterEach(cleanUp);

  /** A user that may do everything but what is named. */
  async function restrict(server: RedisServer, ...rights: string[]): Promise<string> {
    await server.call('ACL', 'SETUSER', 'registry', 'on', '>pw', '~*', '+@all', ...rights);
    return server.url.replace('redis://', 'redis://registry:pw@');
  }

  it('is advised about, once for each weakness', async () => {
    const server = await startServer({ config: { 'maxmemory-policy': 'allkeys-lru' } });
    const warned: string[] = [];
    const ignore = (): void => undefined;
    const warn = (_: object, message: string): void => void warned.push(message);
    const logger = { debug: ignore, info: ignore, warn, error: ignore, child: () => logger };
    const store = await openStore(server.url, { logger });
    const advice = store.details?.()?.advice ?? [];
    expect(advice.map(({ setting, value, should }) => [setting, value, should])).to.deep.equal([
      ['appendonly', 'no', 'yes'],
      ['appendfsync', 'everysec', 'always'],
      ['maxmemory-policy', 'allkeys-lru', 'noeviction'],
      ['user', 'default', 'an ACL user of its own'],
    ]);
    await store.open();
    expect(warned).to.deep.equal([
      "set Redis' appendonly",
      "set Redis' appendfsync",
      "set Redis' maxmemory-policy",
      "set Redis' user",
    ]);
  });

  it('is refused in strict mode, for good', async () => {
    const server = await startServer();
    const failure: unknown = await buildStore(server.url, { strict: true })
      .open()
      .catch((error: unknown) => error);
    expect(failure).to.be.an('error').and.not.instanceOf(StoreError);
    expect(String(failure)).to.include('appendonly is no, not yes');
  });

  it('is unknown where CONFIG is forbidden, and INFO tells what it can', async () => {
    const server = await startServer({ appendonly: true });
    const store = buildStore(await restrict(server, '-config'), { strict: true });
    await store.open();
    const advice = store.details?.()?.advice ?? [];
    expect(advice.map(({ setting, value }) => `${setting}=${value}`)).to.deep.equal([
      'appendfsync=unknown',
      'no-appendfsync-on-rewrite=unknown',
    ]);
  });

  it('asks of Redis 6.2 or later', () => {
    const judge = (version: string) =>
      judgeProfile({ info: new Map([['redis_version', version]]), config: undefined, user: 'u' }, 'single')
        .map(({ setting }) => setting)
        .includes('version');
    expect(['6.2.0', '6.10.1', '7.0.15', '7.2.4', '8.0', '10.1'].filter(judge)).to.deep.equal([]);
    expect(['5.0.14', '6.0.20', '6.1.9', '2.8'].filter(judge)).to.have.length(4);
  });

  it('lets the store go on without INFO, on an epoch of its own after each reconnection', async () => {
    const server = await startServer({ appendonly: true });
    const url = await restrict(server, '-info');
    const store = await openStore(url);
    const witnessed = await apply(store, { puts: [put('a')] });
    expect(store.details?.()).to.include({ fenced: false });
    expect(store.details?.()?.advice.map(({ setting }) => setting)).to.include('acl');

    // Another node that may ask INFO agrees with it, and so does one that may not.
    const [known, unknown] = [await openStore(server.url), await openStore(url)];
    expect((await known.adopt(0)).revision).to.equal((await unknown.adopt(0)).revision);

    const { epoch } = await store.adopt(witnessed);
    await server.call('CLIENT', 'KILL', 'TYPE', 'normal');
    const adoption = await eventually(async () => {
      const one = await store.adopt(witnessed);
      return one.epoch > epoch ? one : undefined;
    }, 'another epoch');
    expect(adoption.lost).to.equal(0);
    expect(adoption.revision).to.be.at.least((epoch + 1) * EPOCH_SPAN + 1);
    await eventually(() => apply(store, { puts: [put('b')] }), 'a write');
  });

  it('does not take a replica for a primary without INFO', async () => {
    const server = await startServer();
    const url = await restrict(server, '-info');
    await server.call('REPLICAOF', '127.0.0.1', '1');
    expect(await codeOf(buildStore(url).open())).to.equal('unavailable');
  });
});
