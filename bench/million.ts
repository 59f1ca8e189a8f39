import { Redis } from 'ioredis';
import { setTimeout as sleep } from 'node:timers/promises';
import { largeCatalogInstance } from './catalog.ts';
import { numbered, send, type BenchRequest } from './http-request.ts';
import { compareCosts, fact, type Row } from './measure.ts';
import { percentile } from './percentile.ts';
import { memoryOf } from './probes.ts';
import { Prober } from './prober.ts';
import {
  here,
  NO_ADMISSION,
  RUN_TYPESCRIPT,
  startProgram,
  startRollcall,
  type Program,
  type Rollcall,
} from './programs.ts';
import { withRedis } from './redis.ts';
import type { Run } from './run.ts';

const TTL_SECONDS = 30;
/** Each instance beats that often: a heartbeat that comes when the lease runs out would come too late. */
const INTERVAL_SECONDS = 27;
/** All the load comes from one address. */
const SETTINGS = { ...NO_ADMISSION, ROLLCALL_HTTP_MAX_CONNS_PER_CLIENT: '1000' };
const PROBES_PER_SECOND = 100;
const REGISTERED_WITHIN_MS = 60 * 60_000;
const MILLION = 1_000_000;

interface Counted {
  readonly registered: number;
  /** Registrations that were sent again, since the start. */
  readonly repeated: number;
  readonly seconds: number;
  readonly renewed: number;
  readonly refused: number;
  readonly failed: number;
}

type Beating = Pick<Counted, 'seconds' | 'renewed' | 'refused' | 'failed'>;

/**
 * A catalog of so many instances, each with a lease of 30 s, whose heartbeats come in calls of a hundred for so many
 * minutes: whether any of them expires, how long lookups take meanwhile, and what an instance takes in memory.
 */
export async function millionRows(run: Run, instances: number, minutes: number): Promise<Row[]> {
  return withRedis('everysec', async (redisUrl) => {
    const rollcall = await startRollcall(run, redisUrl, SETTINGS);
    const found = await observed(run, rollcall, redisUrl, instances, minutes);
    await rollcall.stop();
    return rowsOf(found, instances, minutes);
  });
}

interface Observed {
  readonly registeredPerSecond: number;
  readonly repeated: number;
  readonly beating: Beating;
  /** Instances that were critical, or would be without self-preservation. */
  readonly expired: number;
  readonly commits: number;
  /** Of lookups, in ms. */
  readonly delays: readonly number[];
  readonly delaysAtRest: readonly number[];
  readonly nodeBytesEach: number;
  readonly redisBytesEach: number;
}

async function observed(
  run: Run,
  { program, httpPort }: Rollcall,
  redisUrl: string,
  instances: number,
  minutes: number,
): Promise<Observed> {
  const [emptyNode, emptyRedis] = [(await memoryOf(program)).rss, await usedMemory(redisUrl)];
  const load = await startLoad(httpPort, instances);
  const { registeredPerSecond, repeated } = await untilRegistered(load, instances);
  const nodeBytesEach = ((await memoryOf(program)).rss - emptyNode) / instances;
  const redisBytesEach = ((await usedMemory(redisUrl)) - emptyRedis) / instances;
  // The collection of garbage that went before has held up heartbeats.
  await sleep(TTL_SECONDS * 1000);
  const began = await statusOf(httpPort);
  await load.ask({});
  const prober = Prober.start(httpPort, lookupOf(instances), PROBES_PER_SECOND);
  const beating = await beatFor(load, minutes);
  const delays = await prober.stop();
  const ended = await statusOf(httpPort);
  const expired = (await criticalChecks(httpPort)) + ended.held;
  await load.stop();
  const resting = Prober.start(httpPort, lookupOf(instances), PROBES_PER_SECOND);
  await sleep(run.seconds * 1000);
  const delaysAtRest = await resting.stop();
  const commits = ended.revision - began.revision;
  return {
    registeredPerSecond,
    repeated,
    beating,
    expired,
    commits,
    delays,
    delaysAtRest,
    nodeBytesEach,
    redisBytesEach,
  };
}

function rowsOf(found: Observed, instances: number, minutes: number): Row[] {
  const { beating } = found;
  const group = `${instances.toLocaleString('en')} instances, TTL ${TTL_SECONDS} s, ${minutes} min`;
  const definition = numbered(largeCatalogInstance(instances, TTL_SECONDS).body ?? '', 0, 1).length;
  const memory = { group, unit: 'B', referenceName: 'its definition as JSON' };
  return [
    fact({
      ...{ group, name: 'heartbeats', kind: 'rate', unit: 'per s', value: beating.renewed / beating.seconds },
      bar: instances >= MILLION ? 'million-heartbeats' : undefined,
    }),
    fact({
      ...{ group, name: 'expired, or heartbeats refused', kind: 'cost', unit: '', bar: 'million-expired' },
      value: found.expired + beating.refused + beating.failed,
    }),
    fact({ group, name: 'commits meanwhile', kind: 'cost', unit: '', value: found.commits }),
    fact({ group, name: 'registrations', kind: 'rate', unit: 'per s', value: found.registeredPerSecond }),
    fact({ group, name: 'registrations sent again', kind: 'cost', unit: '', value: found.repeated }),
    compareCosts(
      { ...{ group, name: 'lookup p99', unit: 'ms', referenceName: 'at rest' }, bar: 'million-lookup-p99' },
      [percentile(found.delays, 0.99)],
      [percentile(found.delaysAtRest, 0.99)],
    ),
    compareCosts({ ...memory, name: 'resident set of the node, each' }, [found.nodeBytesEach], [definition]),
    compareCosts({ ...memory, name: 'memory of Redis, each' }, [found.redisBytesEach], [definition]),
  ];
}

async function startLoad(port: number, instances: number): Promise<Program> {
  const settings = [port, instances, TTL_SECONDS, INTERVAL_SECONDS].map(String);
  return startProgram([...RUN_TYPESCRIPT, here('million-load.ts'), ...settings]);
}

async function untilRegistered(
  load: Program,
  instances: number,
): Promise<Pick<Observed, 'registeredPerSecond' | 'repeated'>> {
  const beganAt = performance.now();
  for (;;) {
    const { registered, repeated } = await count(load);
    const elapsedMs = performance.now() - beganAt;
    if (registered >= instances) return { registeredPerSecond: instances / (elapsedMs / 1000), repeated };
    if (elapsedMs > REGISTERED_WITHIN_MS) throw new Error(`only ${registered} instances could be registered`);
    await sleep(1000);
  }
}

/** Lets heartbeats come for so long, and sums what was counted. */
async function beatFor(load: Program, minutes: number): Promise<Beating> {
  const sum = { seconds: 0, renewed: 0, refused: 0, failed: 0 };
  while (sum.seconds < minutes * 60) {
    await sleep(5000);
    const counted = await count(load);
    for (const key of ['seconds', 'renewed', 'refused', 'failed'] as const) sum[key] += counted[key];
  }
  return sum;
}

async function count(load: Program): Promise<Counted> {
  return (await load.ask({})) as Counted;
}

function lookupOf(instances: number): BenchRequest {
  const keys = Math.ceil(instances / 10);
  return { method: 'GET', path: '/v1/health/service/svc-{k}?passing&stale', keys };
}

/** What the node says of itself: its revision, and how many leases self-preservation keeps from running out. */
async function statusOf(port: number): Promise<{ readonly revision: number; readonly held: number }> {
  const status = (await json(port, '/api/v1/status')) as {
    readonly revision: number;
    readonly protection: { readonly held?: number };
  };
  return { revision: status.revision, held: status.protection.held ?? 0 };
}

async function criticalChecks(port: number): Promise<number> {
  return ((await json(port, '/v1/health/state/critical?stale')) as readonly unknown[]).length;
}

async function json(port: number, path: string): Promise<unknown> {
  const { bodyBase64 } = await send(port, { method: 'GET', path }, 0);
  return JSON.parse(Buffer.from(bodyBase64, 'base64').toString());
}

async function usedMemory(redisUrl: string): Promise<number> {
  const redis = new Redis(redisUrl);
  try {
    return Number(/used_memory:(\d+)/.exec(await redis.info('memory'))?.[1]);
  } finally {
    redis.disconnect();
  }
}
