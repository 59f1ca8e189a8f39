import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect } from 'chai';
import { eventually } from '../support/eventually.ts';
import { SentinelTopology } from '../support/redis-sentinel.ts';
import { requireRedis } from '../support/redis-server.ts';
import { cleanUp, startRollcall, type RollcallProcess } from '../support/rollcall-process.ts';

const MAIN = fileURLToPath(new URL('../../dist/main.js', import.meta.url));
const REQUEST_TIMEOUT_MS = 6000;

/** Writes keys of its own through one node, and looks a service up through it, until it is stopped. */
class Client {
  readonly acknowledged: string[] = [];
  readonly outcomes: string[] = [];
  failedLookups = 0;
  highestIndex = 0;
  indexWentBack = false;
  readonly #url: string;
  readonly #name: string;
  readonly #running = new AbortController();
  readonly #loops: Promise<void>;

  constructor(url: string, name: string) {
    this.#url = url;
    this.#name = name;
    this.#loops = Promise.all([this.#write(), this.#lookUp()]).then(() => undefined);
  }

  async stop(): Promise<void> {
    this.#running.abort();
    await this.#loops;
  }

  async #write(): Promise<void> {
    for (let step = 0; !this.#running.signal.aborted; step += 1) {
      const key = `${this.#name}-${step}`;
      const response = await this.#fetch(`/v1/kv/${key}`, { method: 'PUT', body: 'x' });
      const text = await response.text();
      if (response.status === 200) {
        expect(text.trim()).to.equal('true');
        this.acknowledged.push(key);
      } else this.outcomes.push(`${response.status} ${text.trim()}`);
    }
  }

  async #lookUp(): Promise<void> {
    while (!this.#running.signal.aborted) {
      const response = await this.#fetch('/v1/health/service/consul?stale');
      const entries: unknown = await response.json();
      if (response.status !== 200 || !Array.isArray(entries) || entries.length === 0) this.failedLookups += 1;
      const index = Number(response.headers.get('x-consul-index'));
      this.indexWentBack ||= index < this.highestIndex;
      this.highestIndex = Math.max(this.highestIndex, index);
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }

  #fetch(path: string, options: RequestInit = {}): Promise<Response> {
    return fetch(`${this.#url}${path}`, { ...options, signal: AbortSignal.timeout(REQUEST_TIMEOUT_MS) });
  }
}

async function keysOf({ url }: RollcallProcess): Promise<Set<string>> {
  const response = await fetch(`${url}/v1/kv/?keys&consistent`, {
    signal: AbortSignal.timeout(REQUEST_TIMEOUT_MS),
  });
  return new Set((await response.json()) as string[]);
}

describe('Rollcall on Sentinel', function () {
  this.timeout(90_000);
  let topology: SentinelTopology | undefined;
  const clients: Client[] = [];

  before(async function () {
    requireRedis(this);
    topology = await SentinelTopology.start({ server: { appendonly: true } });
  });

  afterEach(async () => {
    await Promise.all(clients.splice(0).map((client) => client.stop()));
    await cleanUp();
  });

  after(() => topology?.stop());

  it('hands over as planned, then loses its primary: no acknowledged key is lost, no lookup fails', async () => {
    if (topology === undefined) throw new Error('no topology');
    const nodes = await Promise.all(
      ['a', 'b'].map((name) => startRollcall({ REDIS_URL: topology?.url ?? '', NODE_NAME: name })),
    );
    const [first, second] = nodes;
    if (first === undefined || second === undefined) throw new Error('no nodes');
    clients.push(...nodes.map(({ url }, n) => new Client(url, `lane${n}`)));
    const grow = (): Promise<unknown> => {
      const before = clients.map(({ acknowledged }) => acknowledged.length + 50);
      return eventually(
        () => clients.every(({ acknowledged }, n) => acknowledged.length > (before[n] ?? 0)),
        'writes through both nodes',
        20_000,
      );
    };
    await grow();

    const told = await promisify(execFile)(process.execPath, [MAIN, '--url', first.url, 'redis', 'failover']);
    expect(told.stdout).to.match(
      /^127\.0\.0\.1:\d+ handed over to 127\.0\.0\.1:\d+; \d+ ms without writes\n$/,
    );
    await grow();
    await topology.untilSettled(2);

    const primary = await topology.primary();
    await primary.kill();
    await grow();

    await Promise.all(clients.map((client) => client.stop()));
    for (const node of nodes) {
      const keys = await keysOf(node);
      for (const { acknowledged } of clients)
        expect(acknowledged.filter((key) => !keys.has(key))).to.deep.equal([]);
    }
    for (const client of clients) {
      expect(client.failedLookups).to.equal(0);
      expect(client.indexWentBack).to.equal(false);
    }
    const status = (await (await fetch(`${first.url}/api/v1/status`)).json()) as Record<string, unknown>;
    expect(status).to.include({ store: 'redis', lostRevisions: 0 });
    expect(status['redis']).to.include({ topology: 'sentinel', fenced: true, knownReplicas: 2 });
    await primary.restart();
  });
});
