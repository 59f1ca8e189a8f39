import { REGISTRATION } from './catalog.ts';
import { httpRow, sendAll, startBareHttp } from './http-rows.ts';
import type { BenchRequest } from './http-request.ts';
import type { Row } from './measure.ts';
import { startRollcall } from './programs.ts';
import { withRedis } from './redis.ts';
import type { Run } from './run.ts';

const BEATING_INSTANCES = 1000;

const BEATING: BenchRequest = {
  method: 'PUT',
  path: '/v1/agent/service/register',
  body: JSON.stringify({ ID: 'beat-{n}', Name: 'beat', Port: 8080, Check: { TTL: '1h', Status: 'passing' } }),
};

/** Registrations come last, for they make the catalog grow. */
const WRITES: readonly (readonly [string, BenchRequest])[] = [
  [
    'heartbeat: agent/check/pass/:id',
    { method: 'PUT', path: '/v1/agent/check/pass/service:beat-{k}', keys: BEATING_INSTANCES },
  ],
  [
    'kv put, 512 bytes',
    { method: 'PUT', path: '/v1/kv/bench/{k}', body: `{n}${'v'.repeat(503)}`, keys: 10_000 },
  ],
  ['new instance: agent/service/register', REGISTRATION],
];

/** Writes on the embedded store, on disk when acknowledged. */
export async function embeddedWriteRows(run: Run): Promise<Row[]> {
  return writeRows(run, 'writes, embedded store', undefined);
}

/** Writes on a Redis with `appendfsync everysec`. */
export async function redisWriteRows(run: Run): Promise<Row[]> {
  return withRedis((redisUrl) => writeRows(run, 'writes, Redis everysec', redisUrl));
}

async function writeRows(run: Run, group: string, redisUrl: string | undefined): Promise<Row[]> {
  const rollcall = await startRollcall(run, redisUrl);
  const bare = await startBareHttp(run);
  await sendAll(rollcall.httpPort, BEATING_INSTANCES, BEATING);
  const rows: Row[] = [];
  for (const [name, request] of WRITES)
    rows.push(await httpRow(run, rollcall, bare, { group, name, request }));
  await rollcall.stop();
  await bare.program.stop();
  return rows;
}
