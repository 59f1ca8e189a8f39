import { setTimeout as sleep } from 'node:timers/promises';
import { REGISTRATION } from './catalog.ts';
import type { OnServerCore } from './cores.ts';
import { sendAll } from './http-rows.ts';
import { compareCosts, fact, median, type Row } from './measure.ts';
import { percentile } from './percentile.ts';
import { stallMsOf } from './probes.ts';
import { Prober } from './prober.ts';
import { NO_ADMISSION, startRollcall, type Rollcall } from './programs.ts';
import { withRedis } from './redis.ts';
import type { Run } from './run.ts';

const LOOKUP = { method: 'GET', path: '/v1/health/service/new-{k}?passing&stale', keys: 1000 } as const;
const PROBES_PER_SECOND = 200;

/**
 * How long a node takes to take a whole catalog from Redis, and what that does to a node that is there already.
 *
 * It may use any core: beside Redis and what measures, on theirs, it would be their work that counts.
 */
export async function joiningRows(run: Run, onAnyCore: OnServerCore, instances: number): Promise<Row[]> {
  return withRedis('everysec', async (redisUrl) => {
    const first = await startRollcall(run, redisUrl, NO_ADMISSION);
    await sendAll(first.httpPort, instances, REGISTRATION);
    // Every lookup once: what encodes an answer for the first time has nothing to do with who joins.
    await sendAll(first.httpPort, LOOKUP.keys, LOOKUP);
    const start = (namespace?: string) => startOf(onAnyCore, redisUrl, namespace);
    const found = await observed(run, first, start);
    await first.stop();
    return rowsOf(found, instances);
  });
}

/** By round, in ms; delays are those of lookups on the node that was there already. */
interface Observed {
  readonly full: number[];
  readonly empty: number[];
  readonly stalls: number[];
  readonly delays: number[];
  readonly delaysAtRest: number[];
}

async function observed(
  run: Run,
  first: Rollcall,
  start: (namespace?: string) => Promise<number>,
): Promise<Observed> {
  const found: Observed = { full: [], empty: [], stalls: [], delays: [], delaysAtRest: [] };
  for (let round = 0; round < run.rounds; round++) {
    found.empty.push(await start(`empty-${round}`));
    const rest = Prober.start(first.httpPort, LOOKUP, PROBES_PER_SECOND);
    await sleep(run.seconds * 1000);
    found.delaysAtRest.push(...(await rest.stop()));
    await stallMsOf(first.program);
    const busy = Prober.start(first.httpPort, LOOKUP, PROBES_PER_SECOND);
    found.full.push(await start());
    found.delays.push(...(await busy.stop()));
    found.stalls.push(await stallMsOf(first.program));
  }
  return found;
}

function rowsOf({ full, empty, stalls, delays, delaysAtRest }: Observed, instances: number): Row[] {
  const group = `a node joins ${instances.toLocaleString('en')} instances`;
  const stall = { group, name: 'longest stall of the other node', kind: 'cost', unit: 'ms' } as const;
  return [
    compareCosts(
      { group, name: 'until it is ready', unit: 'ms', referenceName: 'an empty Redis' },
      full,
      empty,
    ),
    compareCosts(
      { group, name: 'lookup p99 of the other node', unit: 'ms', referenceName: 'at rest' },
      [percentile(delays, 0.99)],
      [percentile(delaysAtRest, 0.99)],
    ),
    fact({
      ...{ group, name: 'to take the catalog', kind: 'cost', unit: 'ms', bar: 'resync' },
      value: median(full.map((ms, i) => ms - (empty[i] ?? NaN))),
    }),
    fact({ ...stall, value: Math.max(...stalls) }),
  ];
}

/** How long a node takes from its start until it serves. */
async function startOf(
  onServerCore: OnServerCore,
  redisUrl: string,
  namespace = 'rollcall',
): Promise<number> {
  const startedAt = performance.now();
  const node = await startRollcall({ onServerCore }, redisUrl, { ROLLCALL_REDIS_NAMESPACE: namespace });
  const ready = performance.now() - startedAt;
  await node.stop();
  return ready;
}
