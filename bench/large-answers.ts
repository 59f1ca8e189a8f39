import { HEALTH_LOOKUP, WEB_INSTANCE } from './catalog.ts';
import { httpRow, sendAll, startBareHttp } from './http-rows.ts';
import type { Row } from './measure.ts';
import { startRollcall } from './programs.ts';
import type { Run } from './run.ts';

const INSTANCES = 1000;

/** A lookup of a service with 1,000 instances, as it is and compressed, against a cached buffer of the same bytes. */
export async function largeAnswerRows(run: Run): Promise<Row[]> {
  const rollcall = await startRollcall(run);
  const bare = await startBareHttp(run);
  await sendAll(rollcall.httpPort, INSTANCES, WEB_INSTANCE);
  const row = { group: 'lookups, 1,000 instances', mentions: 'web-000000999' };
  const plain = await httpRow(run, rollcall, bare, {
    ...row,
    ...{ name: 'health/service/web?passing', bar: 'large-identity', request: HEALTH_LOOKUP },
  });
  const gzip = await httpRow(run, rollcall, bare, {
    ...row,
    ...{ name: 'the same, gzip', bar: 'large-gzip' },
    request: { ...HEALTH_LOOKUP, headers: { 'Accept-Encoding': 'gzip' } },
  });
  await rollcall.stop();
  await bare.program.stop();
  return [plain, gzip];
}
