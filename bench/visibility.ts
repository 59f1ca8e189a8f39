import { Redis } from 'ioredis';
import { setTimeout as sleep } from 'node:timers/promises';
import { rawRequest } from './http-request.ts';
import { Line } from './line.ts';
import { compareCosts, type Row } from './measure.ts';
import { percentile } from './percentile.ts';
import { startRollcall, type Rollcall } from './programs.ts';
import { withRedis } from './redis.ts';
import type { Run } from './run.ts';

const COMMITS_PER_SECOND = 1000;
const TICK_MS = 1;
/** At this pace nodes have compiled what they run only after some thousand commits. */
const WARM_UP_SECONDS = 10;
const PROBES = 4;
/** A reader that is not told of a change within this fails the bench. */
const TOLD_WITHIN_MS = 10_000;
/** Further ones wait until one of these is done. */
const MAX_OPEN_WRITES = 100;

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
    // Both nodes share a core, and Redis has the one of the bench, which is as even as two cores allow.
    const reader = await startRollcall(run, redisUrl);
    const ours: Delays[] = [];
    const bare: Delays[] = [];
    await throughNodes(writer, reader, WARM_UP_SECONDS);
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
  const writing = await linesTo(writer.httpPort, MAX_OPEN_WRITES + PROBES);
  const reading = await linesTo(reader.httpPort, PROBES);
  const idle = writing.slice(PROBES);
  try {
    return await whileWriting(
      seconds,
      async (n) => {
        const line = idle.pop();
        if (line === undefined) throw new Error('no connection is free');
        await line.ask(put(`/v1/kv/load/${n % 1000}`, n));
        idle.push(line);
      },
      async (probe) => probeNodes(at(writing, probe), at(reading, probe), `/v1/kv/probe/${probe}`),
    );
  } finally {
    for (const line of [...writing, ...reading]) line.close();
  }
}

async function probeNodes(writer: Line, reader: Line, path: string): Promise<number> {
  await writer.ask(put(path, 0));
  // In `default` mode: a read that has what was just acknowledged.
  const answer = await reader.ask(rawRequest({ method: 'GET', path }));
  const index = /\r\nx-consul-index: (\d+)/i.exec(answer)?.[1] ?? '';
  const blocked = { method: 'GET', path: `${path}?index=${index}&wait=10s&stale` } as const;
  const told = reader.ask(rawRequest(blocked)).then(() => performance.now());
  await untilWaiting();
  const sentAt = performance.now();
  const [, toldAt] = await Promise.all([writer.ask(put(path, 1)), told]);
  return toldAt - sentAt;
}

function put(path: string, value: number): string {
  return rawRequest({ method: 'PUT', path, body: String(value) });
}

async function linesTo(port: number, count: number): Promise<Line[]> {
  return Promise.all(Array.from({ length: count }, () => Line.open(port)));
}

function at(lines: readonly Line[], index: number): Line {
  const line = lines[index];
  if (line === undefined) throw new RangeError('no such line');
  return line;
}

/** The reader has to be waiting; the time it takes to come is not measured, and the load's ticks are not met. */
async function untilWaiting(): Promise<void> {
  await sleep(10 + 5 * Math.random());
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
        await untilWaiting();
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
    for (; n < due && writes.size < MAX_OPEN_WRITES; n++) {
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
