import { expect } from 'chai';
import { createServer, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { eventually } from '../support/eventually.ts';
import { send } from '../support/http.ts';
import { RedisServer, requireRedis } from '../support/redis-server.ts';
import { cleanUp, startRollcall, type RollcallProcess } from '../support/rollcall-process.ts';

const CHECKS = 30;
const SLOW_MS = 40_000;

/** A target that answers at once, or holds its answers back until it is told which to give. */
class Target {
  readonly #server: Server;
  readonly held: ServerResponse[] = [];
  isHolding = false;

  constructor() {
    this.#server = createServer((_request, response) => {
      if (this.isHolding) this.held.push(response);
      else response.end('fine');
    });
  }

  async listen(): Promise<number> {
    await new Promise<void>((resolve) => this.#server.listen(0, '127.0.0.1', resolve));
    return (this.#server.address() as AddressInfo).port;
  }

  /** Answers what it holds, and at once from now on. */
  release(status: number): number {
    this.isHolding = false;
    for (const response of this.held) response.writeHead(status).end();
    return this.held.splice(0).length;
  }

  async stop(): Promise<void> {
    const closed = new Promise((resolve) => this.#server.close(resolve));
    this.#server.closeAllConnections();
    await closed;
  }
}

describe('a node that stands still', function () {
  this.timeout(180_000);
  let redis: RedisServer | undefined;
  let target: Target;

  before(function () {
    requireRedis(this);
  });
  beforeEach(async () => {
    target = new Target();
    redis = await RedisServer.start();
  });
  afterEach(async () => {
    await cleanUp();
    await target.stop();
    await redis?.stop();
  });

  const start = (name: string): Promise<RollcallProcess> =>
    startRollcall({ REDIS_URL: redis?.url ?? '', NODE_NAME: name, CHECK_INTERVAL_MIN: '100ms' });
  const json = async (node: RollcallProcess, path: string): Promise<unknown> =>
    JSON.parse((await send(node.httpPort, 'GET', path)).text);
  const condition = async (node: RollcallProcess): Promise<Record<string, unknown>> => {
    const { condition: own } = (await json(node, '/api/v1/status')) as { condition: Record<string, unknown> };
    return own;
  };
  /** Status and revision of every check of the target: any write of a result would show. */
  const results = async (node: RollcallProcess): Promise<string[]> => {
    const checks = (await json(node, '/v1/health/checks/web')) as {
      CheckID: string;
      Status: string;
      ModifyIndex: number;
    }[];
    return checks
      .map(({ CheckID, Status, ModifyIndex }) => `${CheckID} ${Status} ${String(ModifyIndex)}`)
      .sort();
  };
  /** What `consul` nodes are there, with the status of their service. */
  const nodes = async (node: RollcallProcess): Promise<Record<string, string>> => {
    const found = (await json(node, '/v1/health/checks/consul')) as { Node: string; Status: string }[];
    return Object.fromEntries(found.map(({ Node, Status }) => [Node, Status]));
  };

  it('past its lease publishes nothing from before, and comes back', async () => {
    const port = await target.listen();
    const first = await start('first');
    for (let i = 0; i < CHECKS; i++) {
      const check = { HTTP: `http://127.0.0.1:${String(port)}/`, Interval: '200ms', Timeout: '30s' };
      const body = JSON.stringify({ Name: 'web', ID: `web-${String(i)}`, Port: 1, Check: check });
      expect((await send(first.httpPort, 'PUT', '/v1/agent/service/register', { body })).status).to.equal(
        200,
      );
    }
    const allPassing = async (node: RollcallProcess) => {
      const lines = await results(node);
      return lines.length === CHECKS && lines.every((line) => line.includes(' passing '));
    };
    await eventually(() => allPassing(first), 'all passing', SLOW_MS);
    const before = await results(first);

    // Its questions are out; it is stopped before the answers come, and they are bad.
    target.isHolding = true;
    await eventually(() => target.held.length === CHECKS, 'every check under way', SLOW_MS);
    first.signal('SIGSTOP');
    expect(target.release(500)).to.equal(CHECKS);
    const second = await start('second');
    const isDead = async () => (await nodes(second))['first'] === 'critical';
    await eventually(isDead, 'the stopped node taken for dead', SLOW_MS);
    first.signal('SIGCONT');

    const stale = await send(first.httpPort, 'GET', '/v1/health/service/web?stale', { timeoutMs: 30_000 });
    expect(stale.headers['x-consul-knownleader']).to.equal('false');
    expect(await condition(first)).to.include({ stalled: true, stalls: 1 });
    expect((await condition(first))['longestStallMs']).to.be.above(5000);
    expect(first.log()).to.contain('the event loop stood still');
    const areBack = async () => Object.values(await nodes(second)).join() === 'passing,passing';
    await eventually(areBack, 'the node back among the others', SLOW_MS);
    await eventually(async () => (await condition(first))['stalled'] === false, 'the doubt over', SLOW_MS);
    const fresh = await send(first.httpPort, 'GET', '/v1/health/service/web?stale');
    expect(fresh.headers['x-consul-knownleader']).to.equal('true');
    expect(await results(first)).to.deep.equal(before);
    expect(await results(second)).to.deep.equal(before);
  });

  it('costs nobody a lease whose heartbeats wait at it meanwhile', async () => {
    const node = await start('only');
    const put = (path: string, body = '') => send(node.httpPort, 'PUT', path, { body, timeoutMs: 30_000 });
    for (let i = 0; i < 10; i++) {
      const check = { TTL: '4s', Status: 'passing' };
      await put(
        '/v1/agent/service/register',
        JSON.stringify({ Name: 'web', ID: `web-${String(i)}`, Check: check }),
      );
    }
    const before = await results(node);
    node.signal('SIGSTOP');
    const stoppedAt = performance.now();
    const beat = () =>
      Promise.all(Array.from({ length: 10 }, (_, i) => put(`/v1/agent/check/pass/service:web-${String(i)}`)));
    const waiting: Promise<unknown>[] = [];
    await eventually(
      () => {
        if (waiting.length === 0) waiting.push(beat());
        return performance.now() - stoppedAt > 8000;
      },
      'twice the TTL',
      SLOW_MS,
    );
    node.signal('SIGCONT');
    await Promise.all(waiting);
    const until = performance.now() + 6000;
    while (performance.now() < until) {
      await beat();
      const statuses = (await results(node)).map((line) => line.split(' ')[1]);
      expect(new Set(statuses)).to.deep.equal(new Set(['passing']));
    }
    expect((await results(node)).length).to.equal(before.length);
  });
});
