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

/**
 * Recorded exchanges, replayed in order. With `CONSUL_URL=http://127.0.0.1:PORT` they are replayed
 * against a fresh Consul 1.8.7 instead, which proves the expectations rather than the code.
 */
describe('Consul conformance', () => {
  let peer: Peer;
  let stop: () => Promise<void> = () => Promise.resolve();

  before(async () => {
    const original = process.env['CONSUL_URL'];
    if (original !== undefined) {
      const self = (await (await fetch(`${original}/v1/agent/self`)).json()) as {
        Config: { NodeName: string };
      };
      peer = { port: Number(new URL(original).port), agentName: self.Config.NodeName, isConsul187: true };
      return;
    }
    const server = await ConsulServer.start();
    peer = { port: server.port, agentName: server.registry.identity.agentName, isConsul187: false };
    stop = () => server.stop();
  });

  after(() => stop());

  for (const [group, exchanges] of Object.entries({
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
  })) {
    describe(group, () => {
      for (const exchange of exchanges) {
        const body = exchange.body === undefined ? '' : ` ${shortened(exchange.body)}`;
        it(`${exchange.send}${body}`, () => replay(exchange, peer));
      }
    });
  }
});

function shortened(body: unknown): string {
  const text =
    body instanceof Uint8Array
      ? `${String(body.length)} bytes`
      : typeof body === 'string'
        ? body
        : JSON.stringify(body);
  return text.length > 100 ? `${text.slice(0, 100)}…` : text;
}
