import { EUREKA_INSTANCE, WEB_INSTANCE } from './catalog.ts';
import { httpRow, sendAll, startBareHttp } from './http-rows.ts';
import type { BenchRequest } from './http-request.ts';
import type { Row } from './measure.ts';
import { startRollcall } from './programs.ts';
import { withRedis } from './redis.ts';
import type { Run } from './run.ts';

interface Lookup {
  readonly name: string;
  readonly request: BenchRequest;
  /** A text that an answer has which is not empty. */
  readonly mentions: string;
}

const INSTANCES = 10;
const KEY = '/v1/kv/bench/value';
const VALUE = 'v'.repeat(512);

const HEALTH: BenchRequest = { method: 'GET', path: '/v1/health/service/web?passing' };

/** Answers of Consul's `default` mode, which have all that any node had acknowledged. */
const CONFIRMED: readonly Lookup[] = [
  { name: 'health/service/web?passing', request: HEALTH, mentions: 'web-000000009' },
  { name: 'kv/bench/value?raw', request: { method: 'GET', path: `${KEY}?raw` }, mentions: VALUE },
];

/** Answers from memory as it is. */
const UNCONFIRMED: readonly Lookup[] = [
  {
    name: 'health/service/web?passing&stale',
    request: { ...HEALTH, path: `${HEALTH.path}&stale` },
    mentions: 'web-000000009',
  },
  {
    name: 'eureka/apps/CART as JSON',
    request: { method: 'GET', path: '/eureka/apps/CART', headers: { Accept: 'application/json' } },
    mentions: 'cart-000000009',
  },
];

/** Lookups of a service with ten instances, and of a key of 512 bytes. */
export async function embeddedLookupRows(run: Run): Promise<Row[]> {
  return lookupRows(run, 'lookups, embedded store', [...CONFIRMED, ...UNCONFIRMED], undefined);
}

/** Lookups for which Redis is asked whether the node's memory is up to date. */
export async function redisLookupRows(run: Run): Promise<Row[]> {
  return withRedis((redisUrl) => lookupRows(run, 'lookups, Redis', CONFIRMED, redisUrl));
}

async function lookupRows(
  run: Run,
  group: string,
  lookups: readonly Lookup[],
  redisUrl: string | undefined,
): Promise<Row[]> {
  const rollcall = await startRollcall(run, redisUrl);
  const bare = await startBareHttp(run);
  await sendAll(rollcall.httpPort, INSTANCES, WEB_INSTANCE);
  await sendAll(rollcall.httpPort, INSTANCES, EUREKA_INSTANCE);
  await sendAll(rollcall.httpPort, 1, { method: 'PUT', path: KEY, body: VALUE });
  const rows: Row[] = [];
  for (const lookup of lookups) rows.push(await httpRow(run, rollcall, bare, { group, ...lookup }));
  await rollcall.stop();
  await bare.program.stop();
  return rows;
}
