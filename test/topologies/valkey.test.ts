import { execFileSync } from 'node:child_process';
import { expect } from 'chai';
import { describeStoreContract } from '../store/contract.ts';
import { all, closeStores, makeRedisHarness, openStore } from '../store/redis-harness.ts';
import { apply, put } from '../store/harness.ts';
import { eventually } from '../support/eventually.ts';
import { SentinelTopology } from '../support/redis-sentinel.ts';
import { RedisServer } from '../support/redis-server.ts';

describe('redis store on Valkey', function () {
  this.timeout(60_000);
  let program: string;
  let server: RedisServer | undefined;

  before(async function () {
    this.timeout(300_000);
    program = execFileSync(process.execPath, ['scripts/get-valkey.mjs'], { encoding: 'utf8' }).trim();
    server = await RedisServer.start({ program, appendonly: true, appendfsync: 'always' });
    expect(String(await server.call('INFO', 'server'))).to.include('valkey_version');
  });

  after(async () => {
    await closeStores();
    await server?.stop();
  });

  describeStoreContract(
    'valkey',
    makeRedisHarness(
      () => server?.url ?? '',
      async () => server?.restart(),
    ),
  );

  it('follows a failover of its sentinels', async () => {
    const topology = await SentinelTopology.start({ server: { program, appendonly: true } });
    try {
      const store = await openStore(topology.url, all('safe'));
      const witnessed = await apply(store, { puts: [put('a')] });
      await (await topology.primary()).kill();
      const adoption = await eventually(async () => {
        const one = await store.adopt(witnessed);
        return one.opened ? one : undefined;
      }, 'adoption');
      expect(adoption).to.include({ lost: 0 });
    } finally {
      await closeStores();
      await topology.stop();
    }
  });
});
