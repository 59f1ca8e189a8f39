import { expect } from 'chai';
import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { DnsLookup } from '../support/dns-lookup.ts';
import { eventually } from '../support/eventually.ts';
import { send } from '../support/http.ts';
import { RedisServer, requireRedis } from '../support/redis-server.ts';
import {
  cleanUp,
  startRollcall,
  temporaryDirectory,
  type RollcallProcess,
} from '../support/rollcall-process.ts';

const MAIN = fileURLToPath(new URL('../../dist/main.js', import.meta.url));

/** Processes that another one started. */
function childrenOf(pid: number): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((child) => {
      try {
        return (
          Number(/^PPid:\s+(\d+)/m.exec(readFileSync(`/proc/${String(child)}/status`, 'utf8'))?.[1]) === pid
        );
      } catch {
        return false;
      }
    });
}

describe('several workers behind one port', function () {
  this.timeout(90_000);
  let redis: RedisServer;
  let rollcall: RollcallProcess;

  before(async function () {
    if (process.platform !== 'linux') this.skip();
    requireRedis(this);
    redis = await RedisServer.start({ appendonly: true });
    const settings = { REDIS_URL: redis.url, NODE_NAME: 'many' };
    rollcall = await startRollcall(settings, ['serve', '--workers', '2']);
  });
  after(async () => {
    await cleanUp();
    await (redis as RedisServer | undefined)?.stop();
  });
  const get = (path: string) => send(rollcall.httpPort, 'GET', path);
  const answeredBy = async (): Promise<string> =>
    (JSON.parse((await get('/api/v1/status')).text) as { node: string }).node;

  it('are nodes of one registry, and connections go to each of them', async () => {
    const nodes = new Set(await Promise.all(Array.from({ length: 20 }, answeredBy)));
    expect([...nodes].sort()).to.deep.equal(['many-1', 'many-2']);
    await eventually(async () => {
      const { text } = await get('/v1/health/service/consul?passing');
      return (JSON.parse(text) as unknown[]).length === 2;
    }, 'both are in the catalog');
  });

  it('show on one what was written on the other, and answer DNS on one port', async () => {
    const body = JSON.stringify({ Name: 'web', Address: '10.0.0.1', Port: 80 });
    expect((await send(rollcall.httpPort, 'PUT', '/v1/agent/service/register', { body })).status).to.equal(
      200,
    );
    for (let i = 0; i < 20; i++) expect((await get('/v1/health/service/web')).text).to.contain('10.0.0.1');
    const dns = new DnsLookup(rollcall.dnsPort);
    for (let i = 0; i < 10; i++) expect(await dns.srv('web.service.consul')).to.have.length(1);
  });

  it('say in their metrics which of them counted', async () => {
    const pages = await Promise.all(Array.from({ length: 10 }, async () => (await get('/metrics')).text));
    expect(new Set(pages.map((page) => /rollcall_revision\{worker="(\d)"\}/.exec(page)?.[1]))).to.deep.equal(
      new Set(['1', '2']),
    );
  });

  it('are started again when they crash, while the others go on', async () => {
    const [first, ...others] = childrenOf(rollcall.pid);
    if (first === undefined) throw new Error('there are no workers');
    process.kill(first, 'SIGKILL');
    await eventually(() => {
      const now = childrenOf(rollcall.pid);
      return now.length === 2 && !now.includes(first) && now.includes(others[0] ?? 0);
    }, 'another worker is started');
    await eventually(
      async () => new Set(await Promise.all(Array.from({ length: 20 }, answeredBy))).size === 2,
      'both answer',
      20_000,
    );
    expect(rollcall.log()).to.contain('a worker ended; starting it again');
  });

  it('drain and end with 0 on SIGTERM, all of them', async () => {
    const workers = childrenOf(rollcall.pid);
    const { headers } = await get('/v1/catalog/services');
    const waiting = get(`/v1/catalog/services?wait=5m&index=${String(headers['x-consul-index'])}`);
    await get('/readyz');
    expect(await rollcall.stop()).to.equal(0);
    expect((await waiting).status).to.equal(200);
    expect(workers.filter((pid) => readdirSync('/proc').includes(String(pid)))).to.deep.equal([]);
  });

  it('are refused on the embedded store, and a port that is taken ends all of them', async () => {
    const run = (env: Record<string, string>) =>
      spawnSync(process.execPath, [MAIN, 'serve', '--workers', '2'], {
        env: { PATH: process.env['PATH'], ROLLCALL_DNS_PORT: '0', ...env },
        encoding: 'utf8',
        timeout: 30_000,
      });
    const embedded = run({ ROLLCALL_HTTP_PORT: '0', ROLLCALL_DATA_DIR: await temporaryDirectory() });
    expect([embedded.status, embedded.stdout]).to.deep.equal([2, '']);
    expect(embedded.stderr).to.match(/^rollcall: several workers need a Redis/);
    const taken = run({ ROLLCALL_HTTP_PORT: String(redis.port), ROLLCALL_REDIS_URL: redis.url });
    expect([taken.status, taken.stdout]).to.deep.equal([1, '']);
    expect(taken.stderr).to.contain('EADDRINUSE');
  });
});
