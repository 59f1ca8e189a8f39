import type { BarId } from './bars.ts';
import { BEATING, BEATING_INSTANCES, HEARTBEAT, KEYS_PUT, REGISTRATION } from './catalog.ts';
import { httpRow, sendAll, startBareHttp } from './http-rows.ts';
import type { BenchRequest } from './http-request.ts';
import type { Row } from './measure.ts';
import { NO_ADMISSION, startRollcall } from './programs.ts';
import { withRedis } from './redis.ts';
import type { Run } from './run.ts';

/** Registrations come last, for they make the catalog grow. */
const WRITES: readonly { readonly name: string; readonly bar?: BarId; readonly request: BenchRequest }[] = [
  { name: 'heartbeat: agent/check/pass/:id', bar: 'heartbeat-bare', request: HEARTBEAT },
  { name: 'kv put, 512 bytes', request: KEYS_PUT },
  { name: 'new instance: agent/service/register', request: REGISTRATION },
];

/** Writes on the embedded store, on disk when acknowledged. */
export async function embeddedWriteRows(run: Run): Promise<Row[]> {
  return writeRows(run, 'writes, embedded store', undefined);
}

/** Writes on a Redis with `appendfsync everysec`. */
export async function redisWriteRows(run: Run): Promise<Row[]> {
  return withRedis('everysec', (redisUrl) => writeRows(run, 'writes, Redis everysec', redisUrl));
}

async function writeRows(run: Run, group: string, redisUrl: string | undefined): Promise<Row[]> {
  const rollcall = await startRollcall(run, redisUrl, NO_ADMISSION);
  const bare = await startBareHttp(run);
  await sendAll(rollcall.httpPort, BEATING_INSTANCES, BEATING);
  const rows: Row[] = [];
  for (const write of WRITES) rows.push(await httpRow(run, rollcall, bare, { group, ...write }));
  await rollcall.stop();
  await bare.program.stop();
  return rows;
}
