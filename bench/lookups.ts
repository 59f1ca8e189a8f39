import {
  EUREKA_INSTANCE,
  EUREKA_LOOKUP,
  HEALTH_LOOKUP,
  KEY_LOOKUP,
  KEY_PUT,
  WEB_INSTANCE,
} from './catalog.ts';
import type { BarId } from './bars.ts';
import { httpRow, sendAll, startBareHttp } from './http-rows.ts';
import type { BenchRequest } from './http-request.ts';
import type { Row } from './measure.ts';
import { startRollcall } from './programs.ts';
import { withRedis } from './redis.ts';
import type { Run } from './run.ts';

interface Lookup {
  readonly name: string;
  readonly bar?: BarId;
  readonly request: BenchRequest;
  /** A text that an answer has which is not empty. */
  readonly mentions: string;
}

const INSTANCES = 10;

const HEALTH = { name: 'health/service/web?passing', request: HEALTH_LOOKUP, mentions: 'web-000000009' };
const KEY = { name: 'kv/bench/value?raw', request: KEY_LOOKUP, mentions: KEY_PUT.body ?? '' };

/** Lookups of a service with ten instances, of an Eureka application with as many, and of a key of 512 bytes. */
export async function embeddedLookupRows(run: Run): Promise<Row[]> {
  return lookupRows(run, 'lookups', [
    { ...HEALTH, bar: 'health-bare' },
    { ...KEY, bar: 'kv-bare' },
    {
      ...{ ...HEALTH, name: 'health/service/web?passing&stale' },
      request: { ...HEALTH_LOOKUP, path: `${HEALTH_LOOKUP.path}&stale` },
    },
    {
      ...{ name: 'eureka/apps/CART as JSON', bar: 'eureka-bare', mentions: 'cart-000000009' },
      request: EUREKA_LOOKUP,
    },
  ]);
}

/** Lookups on one of two nodes, for which Redis is asked whether the node's memory is up to date. */
export async function redisLookupRows(run: Run): Promise<Row[]> {
  return withRedis('everysec', async (redisUrl) => {
    const other = await startRollcall({ onServerCore: (command) => command }, redisUrl);
    const lookups = [
      { ...HEALTH, bar: 'health-two-nodes' },
      { ...KEY, bar: 'kv-two-nodes' },
    ] as const;
    const rows = await lookupRows(run, 'lookups, two nodes on one Redis', lookups, redisUrl);
    await other.stop();
    return rows;
  });
}

async function lookupRows(
  run: Run,
  group: string,
  lookups: readonly Lookup[],
  redisUrl?: string,
): Promise<Row[]> {
  const rollcall = await startRollcall(run, redisUrl);
  const bare = await startBareHttp(run);
  await sendAll(rollcall.httpPort, INSTANCES, WEB_INSTANCE);
  await sendAll(rollcall.httpPort, INSTANCES, EUREKA_INSTANCE);
  await sendAll(rollcall.httpPort, 1, KEY_PUT);
  const rows: Row[] = [];
  for (const lookup of lookups) rows.push(await httpRow(run, rollcall, bare, { group, ...lookup }));
  await rollcall.stop();
  await bare.program.stop();
  return rows;
}
