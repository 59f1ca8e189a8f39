import { expect } from 'chai';
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { eventually } from '../support/eventually.ts';
import { send } from '../support/http.ts';
import { RedisServer, requireRedis } from '../support/redis-server.ts';
import { cleanUp, startRollcall, type RollcallProcess } from '../support/rollcall-process.ts';

const MAIN = fileURLToPath(new URL('../../dist/main.js', import.meta.url));

interface Overview {
  readonly answeredBy: string;
  readonly epoch: number;
  readonly nodes: readonly {
    readonly name: string;
    readonly status: string;
    readonly httpPort: number;
    readonly roles?: readonly string[];
    readonly checks?: number;
  }[];
}

describe('the cluster as a whole', function () {
  this.timeout(90_000);
  let redis: RedisServer | undefined;
  let first: RollcallProcess;
  let second: RollcallProcess;

  before(async function () {
    requireRedis(this);
    redis = await RedisServer.start({ appendonly: true });
    const { url } = redis;
    first = await startRollcall({ REDIS_URL: url, NODE_NAME: 'first' });
    second = await startRollcall({ REDIS_URL: url, NODE_NAME: 'second' });
  });
  after(async () => {
    await cleanUp();
    await redis?.stop();
  });
  const get = async <T>(node: RollcallProcess, path: string): Promise<T> =>
    JSON.parse((await send(node.httpPort, 'GET', path)).text) as T;
  const overview = (node: RollcallProcess) => get<Overview>(node, '/api/v1/cluster');

  it('shows on every node which nodes there are, who ends leases, and who runs how many checks', async () => {
    for (let i = 0; i < 10; i++)
      await send(first.httpPort, 'PUT', '/v1/agent/service/register', {
        body: JSON.stringify({
          Name: 'probed',
          ID: `probed-${String(i)}`,
          Check: { TCP: `127.0.0.1:${String(first.httpPort)}`, Interval: '5s' },
        }),
      });
    for (const node of [first, second])
      await eventually(async () => {
        const { nodes } = await overview(node);
        const sweepers = nodes.filter(({ roles }) => roles?.includes('sweeper') === true);
        const checks = nodes.reduce((sum, { checks: own = 0 }) => sum + own, 0);
        return nodes.length === 2 && sweepers.length === 1 && checks === 10;
      }, 'two nodes, one of which sweeps, and ten checks');
    const { nodes, answeredBy, epoch } = await overview(second);
    expect(nodes.map(({ name, status, httpPort }) => ({ name, status, httpPort }))).to.deep.equal([
      { name: 'first', status: 'passing', httpPort: first.httpPort },
      { name: 'second', status: 'passing', httpPort: second.httpPort },
    ]);
    expect([answeredBy, epoch]).to.deep.equal(['second', 0]);
  });

  it('has equal digests on nodes with equal catalogs, and another one after a change', async () => {
    const digests = () =>
      Promise.all(
        [first, second].map((node) =>
          get<{ digest: string; revision: number }>(node, '/api/v1/cluster/digest'),
        ),
      );
    const before = await eventually(async () => {
      const [one, other] = await digests();
      return one !== undefined && one.digest === other?.digest && one;
    }, 'equal digests');
    expect(before.digest).to.match(/^[0-9a-f]{16}$/);
    await send(first.httpPort, 'PUT', '/v1/kv/a', { body: 'x' });
    await eventually(async () => {
      const [one, other] = await digests();
      return one?.digest === other?.digest && one?.digest !== before.digest;
    }, 'another digest, equal again');
  });

  it('shows on the command line what it shows over HTTP', () => {
    const { stdout } = spawnSync(process.execPath, [MAIN, '--url', second.url, 'cluster'], {
      encoding: 'utf8',
    });
    const lines = stdout.trim().split('\n');
    expect(lines).to.have.length(2);
    expect(lines[0]).to.match(/^first 127\.0\.0\.1:\d+ passing \d\S* checks=\d+/);
    expect(stdout.match(/ sweeper housekeeper/g)).to.have.length(1);
  });

  it('shows a node that died, and who took over from it', async () => {
    await first.kill();
    await eventually(
      async () => {
        const { nodes } = await overview(second);
        const [dead, living] = nodes;
        return (
          dead?.status === 'critical' && living?.roles?.includes('sweeper') === true && living.checks === 10
        );
      },
      'the second node does it all',
      30_000,
    );
  });
});
