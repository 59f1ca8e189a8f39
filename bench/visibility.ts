import { Redis } from 'ioredis';
import { Agent, get } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { send } from './http-request.ts';
import { compareCosts, type Row } from './measure.ts';
import { percentile } from './percentile.ts';
import { startRollcall, type Rollcall } from './programs.ts';
import { withRedis } from './redis.ts';
import type { Run } from './run.ts';

const COMMITS_PER_SECOND = 1000;
const TICK_MS = 5;
const PROBES = 4;
/** A reader that is not told of a change within this fails the bench. */
const TOLD_WITHIN_MS = 10_000;
const connections = new Agent({ keepAlive: true, maxSockets: 200 });

/** What the probes of a round found, in ms. */
interface Delays {
  readonly p50: number;
  readonly p99: number;
}

/**
 * How long a key that is written through one node takes to reach a reader that waits for it on another one, while that
 * many others are written: from sending the request to having the reader's answer, so both nodes' HTTP is in it.
 *
 * The reference is a stream of the same Redis: from sending an entry to having it from a waiting reader.
 */
export async function visibilityRows(run: Run): Promise<Row[]> {
  return withRedis('everysec', async (redisUrl) => {
    const writer = await startRollcall(run, redisUrl);
    const reader = await startRollcall({ onServerCore: (command) => command }, redisUrl);
    const ours: Delays[] = [];
    const bare: Delays[] = [];
    await throughNodes(writer, reader, run.seconds);
    for (let round = 0; round < run.rounds; round++) {
      ours.push(await throughNodes(writer, reader, run.seconds));
      bare.push(await throughStream(redisUrl, run.seconds));
    }
    await writer.stop();
    await reader.stop();
    const row = {
      group: `from one node to another, ${COMMITS_PER_SECOND.toLocaleString('en')} commits/s`,
      ...{ unit: 'ms', referenceName: 'XADD and XREAD' },
    };
    return (['p50', 'p99'] as const).map((part) =>
      compareCosts(
        { ...row, name: part, bar: `visible-${part}` },
        ours.map((delays) => delays[part]),
        bare.map((delays) => delays[part]),
      ),
    );
  });
}

async function throughNodes(writer: Rollcall, reader: Rollcall, seconds: number): Promise<Delays> {
  return whileWriting(
    seconds,
    (n) =>
      send(
        writer.httpPort,
        { method: 'PUT', path: `/v1/kv/load/${n % 1000}`, body: String(n) },
        n,
        connections,
      ),
    (probe) => probeNodes(writer, reader, `/v1/kv/probe/${probe}`),
  );
}

async function probeNodes(writer: Rollcall, reader: Rollcall, path: string): Promise<number> {
  const put = { method: 'PUT', path, body: '{n}' } as const;
  await send(writer.httpPort, put, 0, connections);
  // In `default` mode: a read that has what was just acknowledged.
  const index = await blockingGet(reader.httpPort, path);
  const told = blockingGet(reader.httpPort, `${path}?index=${index}&wait=10s&stale`);
  // The reader has to be waiting; the time it takes to come is not measured.
  await sleep(10);
  const sentAt = performance.now();
  const [, toldAt] = await Promise.all([
    send(writer.httpPort, put, 1, connections),
    told.then(() => performance.now()),
  ]);
  return toldAt - sentAt;
}

/** The index of the answer, once there is one. */
async function blockingGet(port: number, path: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const options = { host: '127.0.0.1', port, path, agent: connections, timeout: TOLD_WITHIN_MS };
    const request = get(options, (response) => {
      response.resume();
      response.on('end', () => resolve(String(response.headers['x-consul-index'])));
    });
    request.on('timeout', () => request.destroy(new Error(`${path}: a reader was not told`)));
    request.on('error', reject);
  });
}

async function throughStream(redisUrl: string, seconds: number): Promise<Delays> {
  const [writer, ...readers] = Array.from({ length: PROBES + 1 }, () => new Redis(redisUrl));
  if (writer === undefined) throw new Error('no connection');
  try {
    return await whileWriting(
      seconds,
      (n) => writer.xadd('load', 'MAXLEN', '~', 1000, '*', 'n', n),
      async (probe) => {
        const stream = `probe-${probe}`;
        const last = (await writer.xadd(stream, 'MAXLEN', '~', 10, '*', 'n', 0)) ?? '$';
        const told = readers[probe]?.xread('BLOCK', TOLD_WITHIN_MS, 'STREAMS', stream, last);
        await sleep(10);
        const sentAt = performance.now();
        const [, toldAt] = await Promise.all([
          writer.xadd(stream, 'MAXLEN', '~', 10, '*', 'n', 1),
          told?.then(() => performance.now()),
        ]);
        return (toldAt ?? NaN) - sentAt;
      },
    );
  } finally {
    for (const client of [writer, ...readers]) client.disconnect();
  }
}

/** Writes at the given pace, and probes meanwhile. */
async function whileWriting(
  seconds: number,
  write: (n: number) => Promise<unknown>,
  probe: (probe: number) => Promise<number>,
): Promise<Delays> {
  const beganAt = performance.now();
  const delays: number[] = [];
  const writes = new Set<Promise<unknown>>();
  let failure: unknown;
  let n = 0;
  const timer = setInterval(() => {
    const due = ((performance.now() - beganAt) / 1000) * COMMITS_PER_SECOND;
    for (; n < due && writes.size < COMMITS_PER_SECOND; n++) {
      const writing = write(n)
        .catch((error: unknown) => (failure = error))
        .finally(() => writes.delete(writing));
      writes.add(writing);
    }
  }, TICK_MS);
  const lanes = Array.from({ length: PROBES }, async (_, lane) => {
    while (performance.now() - beganAt < seconds * 1000) delays.push(await probe(lane));
  });
  await Promise.all(lanes).finally(() => clearInterval(timer));
  await Promise.all(writes);
  if (failure !== undefined) throw new Error('a write failed', { cause: failure });
  return { p50: percentile(delays, 0.5), p99: percentile(delays, 0.99) };
}
