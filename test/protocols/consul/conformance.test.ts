import { createLogger } from '../../../src/platform/logger.ts';
import { createRedisStore } from '../../../src/store/redis/index.ts';
import type { Store } from '../../../src/store/store.ts';
import { RedisServer, requireRedis } from '../../support/redis-server.ts';
import { agentExchanges } from './agent-exchanges.ts';
import { catalogExchanges } from './catalog-exchanges.ts';
import { ConsulServer } from './consul-server.ts';
import { replay, type Peer } from './exchange.ts';
import { eventExchanges } from './event-exchanges.ts';
import { filterExchanges } from './filter-exchanges.ts';
import { healthExchanges } from './health-exchanges.ts';
import { kvExchanges } from './kv-exchanges.ts';
import { operatorExchanges } from './operator-exchanges.ts';
import { queryExchanges } from './query-exchanges.ts';
import { readExchanges } from './read-exchanges.ts';
import { maintenanceExchanges } from './maintenance-exchanges.ts';
import { sessionExchanges } from './session-exchanges.ts';
import { sidecarExchanges } from './sidecar-exchanges.ts';
import { txnExchanges } from './txn-exchanges.ts';

const GROUPS = Object.entries({
  ...agentExchanges,
  ...maintenanceExchanges,
  ...sidecarExchanges,
  ...catalogExchanges,
  ...healthExchanges,
  ...kvExchanges,
  ...sessionExchanges,
  ...txnExchanges,
  ...eventExchanges,
  ...filterExchanges,
  ...readExchanges,
  ...queryExchanges,
  ...operatorExchanges,
});

interface Started {
  readonly peer: Peer;
  readonly stop: () => Promise<void>;
}

/**
 * Recorded exchanges, replayed in order on each store. With `CONSUL_URL=http://127.0.0.1:PORT` they are replayed
 * against a fresh Consul 1.8.7 instead, which proves the expectations rather than the code; with `-server -bootstrap`, not
 * with `-dev`, which lays out all JSON as `?pretty` does.
 */
const original = process.env['CONSUL_URL'];
const STARTS: Readonly<Record<string, (context: Mocha.Context) => Promise<Started>>> =
  original === undefined
    ? { 'on the embedded store': () => rollcall(), 'on Redis': rollcallOnRedis }
    : { 'of the original': () => consul(original) };

for (const [where, start] of Object.entries(STARTS)) {
  describe(`Consul conformance ${where}`, () => {
    let started: Started | undefined;

    before(async function () {
      this.timeout(60_000);
      started = await start(this);
    });

    after(() => started?.stop());

    for (const [group, exchanges] of GROUPS) {
      describe(group, () => {
        for (const exchange of exchanges) {
          const body = exchange.body === undefined ? '' : ` ${shortened(exchange.body)}`;
          it(`${exchange.send}${body}`, async () => {
            if (started === undefined) throw new Error('nothing was started');
            await replay(exchange, started.peer);
          });
        }
      });
    }
  });
}

async function rollcall(store?: Store): Promise<Started> {
  const server = await ConsulServer.start(false, store);
  const { agentName } = server.registry.identity;
  return { peer: { port: server.port, agentName, isConsul187: false }, stop: () => server.stop() };
}

async function rollcallOnRedis(context: Mocha.Context): Promise<Started> {
  requireRedis(context);
  const redis = await RedisServer.start();
  const logger = createLogger('silent');
  const store = createRedisStore({ url: redis.url, namespace: 'conformance', historyLength: 10_000, logger });
  const { peer, stop } = await rollcall(store);
  return {
    peer,
    stop: async () => {
      await stop();
      await redis.stop();
    },
  };
}

async function consul(url: string): Promise<Started> {
  const self = (await (await fetch(`${url}/v1/agent/self`)).json()) as { Config: { NodeName: string } };
  const peer = { port: Number(new URL(url).port), agentName: self.Config.NodeName, isConsul187: true };
  return { peer, stop: () => Promise.resolve() };
}

function shortened(body: unknown): string {
  const text =
    body instanceof Uint8Array
      ? `${String(body.length)} bytes`
      : typeof body === 'string'
        ? body
        : JSON.stringify(body);
  return text.length > 100 ? `${text.slice(0, 100)}…` : text;
}
