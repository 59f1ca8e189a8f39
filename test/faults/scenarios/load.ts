import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { eventually } from '../../support/eventually.ts';
import { readProcessHealth } from '../../support/oracles/process-health.ts';
import { FaultClient, indexOf } from '../harness/client.ts';
import { FaultCluster } from '../harness/cluster.ts';
import type { RegistryNode } from '../harness/registry-node.ts';
import type { Scenario } from '../harness/scenario.ts';

const READERS = 10_000;
const WOKEN_WITHIN_MS = 20_000;
const MAX_RESIDENT_BYTES = 900 * 2 ** 20;

/** A blocked reader with nothing around it, so that ten thousand fit into this process. */
interface BlockedReader {
  readonly socket: Socket;
  answer: string;
}

export const LOAD_FAULTS: readonly Scenario[] = [
  {
    id: 'F18',
    title: '10,000 blocked readers and one change',
    alone: true,
    run: () => withNode({ HTTP_MAX_CONNS_PER_CLIENT: '20000' }, wakeAll),
  },
  {
    id: 'F22',
    title: '500 connections that never finish their headers, and 100 their bodies',
    run: () => withNode({ HTTP_MAX_CONNS_PER_CLIENT: '5000' }, outlastSlowClients),
  },
];

async function withNode(
  settings: Readonly<Record<string, string>>,
  run: (node: RegistryNode, client: FaultClient) => Promise<string>,
): Promise<string> {
  const cluster = await FaultCluster.start({ nodes: 1, settings });
  const [node] = cluster.nodes;
  const client = new FaultClient('client', cluster.nodes);
  try {
    if (node === undefined) throw new Error('no node');
    return await run(node, client);
  } finally {
    client.close();
    await cluster.stop();
  }
}

async function wakeAll(node: RegistryNode, client: FaultClient): Promise<string> {
  await client.send('PUT', '/v1/kv/woken', 'before');
  const index = indexOf(await client.send('GET', '/v1/kv/woken'));
  const path = `/v1/kv/woken?index=${String(index)}&wait=5m`;
  const readers: BlockedReader[] = [];
  try {
    for (let opened = 0; opened < READERS; opened += 200)
      readers.push(...(await Promise.all(Array.from({ length: 200 }, () => block(node, path)))));
    await eventually(async () => (await waiters(client)) === READERS, 'all readers wait', 60_000);
    const idle = readProcessHealth(node.process.pid, node.log);
    const lookup = await client.send('GET', '/v1/kv/woken?stale');
    const startedAt = performance.now();
    await client.send('PUT', '/v1/kv/woken', 'after');
    await eventually(
      () => readers.every(({ answer }) => answer.includes('"Key":"woken"')),
      'all readers are woken',
      WOKEN_WITHIN_MS,
    );
    const wokenMs = performance.now() - startedAt;
    const odd = readers.filter(
      ({ answer }) => answer.split('HTTP/1.1 ').length !== 2 || !answer.includes(' 200 '),
    );
    if (odd.length > 0) throw new Error(`${String(odd.length)} readers were not answered once with 200`);
    const { residentBytes } = readProcessHealth(node.process.pid, node.log);
    if (residentBytes > MAX_RESIDENT_BYTES) throw new Error(`the node holds ${mib(residentBytes)}`);
    await eventually(async () => (await waiters(client)) === 0, 'nobody waits any more', 10_000);
    return [
      `${String(READERS)} readers woken once in ${String(Math.round(wokenMs))} ms`,
      `a lookup meanwhile took ${String(Math.round(lookup.endMs - lookup.startMs))} ms`,
      `${mib(idle.residentBytes)} while they waited, ${mib(residentBytes)} after`,
    ].join('; ');
  } finally {
    for (const { socket } of readers) socket.destroy();
  }
}

async function block(node: RegistryNode, path: string): Promise<BlockedReader> {
  const socket = connect(node.process.httpPort, '127.0.0.1');
  const reader: BlockedReader = { socket, answer: '' };
  socket.setEncoding('latin1');
  socket.on('data', (text: string) => (reader.answer += text));
  socket.on('error', () => undefined);
  await once(socket, 'connect');
  socket.write(`GET ${path} HTTP/1.1\r\nHost: rollcall\r\n\r\n`);
  return reader;
}

async function waiters(client: FaultClient): Promise<number> {
  const { text } = await client.send('GET', '/api/v1/status');
  return (JSON.parse(text) as { waiters: number }).waiters;
}

function mib(bytes: number): string {
  return `${String(Math.round(bytes / 2 ** 20))} MiB`;
}

async function outlastSlowClients(node: RegistryNode, client: FaultClient): Promise<string> {
  const cut = { headers: 0, bodies: 0 };
  const sockets = [
    ...slowClients(500, node, 'GET /v1/kv/a HTTP/1.1\r\nHost: a\r\nX: ', () => cut.headers++),
    ...slowClients(
      100,
      node,
      'PUT /v1/kv/a HTTP/1.1\r\nHost: a\r\nContent-Length: 100\r\n\r\n',
      () => cut.bodies++,
    ),
  ];
  const latencies: number[] = [];
  try {
    const until = performance.now() + 30_000;
    while (performance.now() < until && cut.headers + cut.bodies < 600) {
      const { status, startMs, endMs } = await client.send('GET', '/v1/catalog/services');
      if (status !== 200) throw new Error(`a lookup was answered ${String(status)}`);
      latencies.push(endMs - startMs);
      await sleep(20);
    }
  } finally {
    for (const socket of sockets) socket.destroy();
  }
  if (cut.headers < 500 || cut.bodies < 100) throw new Error(`cut within 30 s: ${JSON.stringify(cut)}`);
  const slowest = Math.max(...latencies);
  if (slowest > 2000) throw new Error(`a lookup took ${String(slowest)} ms`);
  return `all 600 cut; ${String(latencies.length)} lookups meanwhile, slowest ${String(Math.round(slowest))} ms`;
}

function slowClients(count: number, node: RegistryNode, begin: string, onCut: () => void): Socket[] {
  return Array.from({ length: count }, () => {
    const socket = connect(node.process.httpPort, '127.0.0.1', () => socket.write(begin));
    const drip = setInterval(() => socket.write('x'), 1000);
    socket.on('data', () => undefined);
    socket.on('error', () => undefined);
    socket.once('close', () => {
      clearInterval(drip);
      onCut();
    });
    return socket;
  });
}
