import { answerOf, loadDns } from './dns.ts';
import { onPath } from './load.ts';
import { compareRates, type Row } from './measure.ts';
import {
  freePorts,
  scratchDirectory,
  startConsul as startConsulServer,
  startPeer,
  written,
  type Peer,
} from './peers.ts';
import { startRollcall, within } from './programs.ts';
import type { Run } from './run.ts';

const INSTANCES = 10;
const NAME = 'peers.service.consul';

/**
 * A and SRV of a service with ten instances, all ten in each answer (EDNS 4096), against a real Consul and against
 * authoritative servers that have the same records in a zone; whichever of these is installed.
 */
export async function dnsPeerRows(run: Run): Promise<Row[]> {
  if (!onPath('dnsperf')) {
    console.error('skipped: dnsperf is not on the PATH');
    return [];
  }
  const rollcall = await startRollcall(run);
  await register(rollcall.httpPort);
  const ours = { port: rollcall.dnsPort, pid: rollcall.program.pid };
  const rows: Row[] = [];
  for (const start of [startConsul, startKnot, startUnbound]) {
    const peer = await start(run);
    if (peer === undefined) continue;
    try {
      for (const type of ['A', 'SRV'] as const) {
        const question = { name: NAME, type, edns: true };
        for (const { port } of [ours, peer]) await answerOf(port, question, INSTANCES);
        rows.push(
          await compareRates({
            group: 'DNS over UDP, ten records',
            name: `${type} of ${String(INSTANCES)} instances`,
            unit: 'queries/s',
            referenceName: peer.name,
            rounds: run.rounds,
            ours: () => loadDns(ours, question, run.seconds),
            reference: () => loadDns(peer, question, run.seconds),
          }),
        );
      }
    } finally {
      peer.stop();
    }
  }
  await rollcall.stop();
  return rows;
}

async function startConsul(run: Run): Promise<Peer | undefined> {
  const consul = await startConsulServer(run);
  if (consul === undefined) return undefined;
  await register(consul.port);
  return { ...consul, port: consul.dnsPort };
}

async function startKnot(run: Run): Promise<Peer | undefined> {
  if (!onPath('knotd')) return undefined;
  const [port = 0] = await freePorts(1);
  const directory = scratchDirectory('knot');
  const server = [`  listen: 127.0.0.1@${String(port)}`, `  rundir: ${directory}`, '  udp-workers: 1'];
  const zone = ['zone:', '  - domain: consul', `    file: ${written('knot.zone', zoneText())}`];
  const configuration = ['server:', ...server, 'database:', `  storage: ${directory}`, ...zone, ''];
  const command = ['knotd', '-c', written('knot.conf', configuration.join('\n'))] as const;
  return startPeer(run, { name: 'Knot', port, command, serves: () => servesAll(port) });
}

async function startUnbound(run: Run): Promise<Peer | undefined> {
  if (!onPath('unbound')) return undefined;
  const [port = 0] = await freePorts(1);
  const directory = scratchDirectory('unbound');
  const options = [
    'interface: 127.0.0.1',
    `port: ${String(port)}`,
    'num-threads: 1',
    'username: ""',
    'chroot: ""',
    `directory: "${directory}"`,
    'pidfile: ""',
    'use-syslog: no',
    'edns-buffer-size: 4096',
    'local-zone: "consul." static',
    ...zoneRecords().map((record) => `local-data: "${record}"`),
  ];
  const configuration = ['server:', ...options.map((option) => `  ${option}`), ''].join('\n');
  const command = ['unbound', '-d', '-c', written('unbound.conf', configuration)] as const;
  return startPeer(run, { name: 'Unbound', port, command, serves: () => servesAll(port) });
}

async function servesAll(port: number): Promise<unknown> {
  return answerOf(port, { name: NAME, type: 'SRV', edns: true }, INSTANCES);
}

/** Each instance has an address of its own, so that A answers have ten records. */
async function register(httpPort: number): Promise<void> {
  for (let n = 0; n < INSTANCES; n++) {
    const url = `http://127.0.0.1:${String(httpPort)}/v1/agent/service/register`;
    const body = { ID: `peers-${String(n)}`, Name: 'peers', Address: `10.0.1.${String(n)}`, Port: 8080 };
    const answer = await within(5000, fetch(url, { method: 'PUT', body: JSON.stringify(body) }));
    if (!answer.ok) throw new Error(await answer.text());
  }
}

/** The records that Consul and Rollcall answer with, as those of a zone. */
function zoneRecords(): string[] {
  return Array.from({ length: INSTANCES }, (_, n) => {
    const target = `0a0001${n.toString(16).padStart(2, '0')}.addr.dc1.consul.`;
    return [
      `${NAME}. 0 IN A 10.0.1.${String(n)}`,
      `${NAME}. 0 IN SRV 1 1 8080 ${target}`,
      `${target} 0 IN A 10.0.1.${String(n)}`,
    ];
  }).flat();
}

function zoneText(): string {
  const head = [
    'consul. 0 IN SOA ns.consul. hostmaster.consul. 1 3600 600 86400 0',
    'consul. 0 IN NS ns.consul.',
    'ns.consul. 0 IN A 127.0.0.1',
  ];
  return [...head, ...zoneRecords(), ''].join('\n');
}
