import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import type { RedisStoreOptions } from '../../src/store/redis/index.ts';
import type { Store } from '../../src/store/store.ts';
import { eventually } from '../support/eventually.ts';
import { SentinelTopology } from '../support/redis-sentinel.ts';
import { RedisServer, requireRedis } from '../support/redis-server.ts';
import { ClusterTopology } from '../support/redis-cluster.ts';
import { apply, put } from './harness.ts';
import { buildStore, closeStores } from './redis-harness.ts';

const DEPLOY = new URL('../../deploy/', import.meta.url).pathname;
const conf = (name: string): string => join(DEPLOY, 'redis', name);

/** What is advised against the settings that `deploy/` ships, besides a user of its own. */
async function adviceFor(store: Store): Promise<string[]> {
  await store.open();
  await store.adopt(0);
  await eventually(async () => (await apply(store, { puts: [put('a')] })) > 0, 'a write');
  const advice = store.details?.()?.advice ?? [];
  return advice
    .map(({ setting, value }) => `${setting}=${value}`)
    .filter((line) => !line.startsWith('user='));
}

describe('deploy/', function () {
  this.timeout(60_000);
  const stops: (() => Promise<unknown>)[] = [];

  before(function () {
    requireRedis(this);
  });

  afterEach(async () => {
    await closeStores();
    for (const stop of stops.splice(0).reverse()) await stop();
  });

  it('single.conf runs, and nothing is left to advise', async () => {
    const server = await RedisServer.start({ configFile: conf('single.conf') });
    stops.push(() => server.stop());
    expect(await adviceFor(buildStore(server.url))).to.deep.equal([]);
  });

  it('replicated.conf runs under sentinels with the settings of sentinel.conf', async () => {
    const settings = readFileSync(conf('sentinel.conf'), 'utf8')
      .split('\n')
      .filter((line) => /^sentinel /.test(line) && !/ monitor | resolve-| announce-/.test(line));
    const topology = await SentinelTopology.start({
      name: 'rollcall',
      settings,
      server: { configFile: conf('replicated.conf') },
    });
    stops.push(() => topology.stop());
    expect(await adviceFor(buildStore(topology.url))).to.deep.equal([]);
  });

  it('cluster.conf runs', async () => {
    const topology = await ClusterTopology.start({ server: { configFile: conf('cluster.conf') } });
    stops.push(() => topology.stop());
    expect(await adviceFor(buildStore(topology.url))).to.deep.equal([]);
  });

  it('make-secrets.sh and secured.conf make a Redis that even strict mode takes', async () => {
    const directory = join(mkdtempSync(join(tmpdir(), 'rollcall-deploy-')), 'secrets');
    stops.push(async () => rmSync(join(directory, '..'), { recursive: true }));
    execFileSync(join(DEPLOY, 'make-secrets.sh'), [directory], { timeout: 30_000 });
    const file = (name: string): string => join(directory, name);
    const pair = (name: string) => ({
      ca: file('ca.pem'),
      cert: file(`${name}.pem`),
      key: file(`${name}.key`),
    });
    const server = await RedisServer.start({
      configFile: conf('secured.conf'),
      tls: pair('redis'),
      config: { aclfile: file('users.acl') },
    });
    stops.push(() => server.stop());
    const url = readFileSync(file('redis-url'), 'utf8')
      .trim()
      .replace('redis:6379', `127.0.0.1:${server.port}`);
    const options: Partial<RedisStoreOptions> = { tlsFiles: pair('rollcall'), strict: true };
    expect(await adviceFor(buildStore(url, options))).to.deep.equal([]);
    // The ACL ends at the namespace.
    const other = buildStore(url, { ...options, namespace: 'other' });
    expect(
      await other.open().then(
        () => other.adopt(0),
        (error: unknown) => String(error),
      ),
    ).to.include('NOPERM');
  });
});
