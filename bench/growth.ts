import { httpRow, sendAll, startBareHttp, targetOf, warmUp } from './http-rows.ts';
import type { BenchRequest } from './http-request.ts';
import { compareCosts, type Row } from './measure.ts';
import { startRollcall } from './programs.ts';
import type { Run } from './run.ts';

const SMALLEST = 10;
const STEP = 10;
const FIRST_PATH = '/v1/health/service/svc-000000000?passing';

/** One instance of a service of its own. */
const SERVICE: BenchRequest = {
  method: 'PUT',
  path: '/v1/agent/service/register',
  body: JSON.stringify({
    ...{ ID: 'svc-{n}-1', Name: 'svc-{n}', Address: '10.0.0.1', Port: 8080, Tags: ['v1'] },
    Check: { TTL: '1h', Status: 'passing' },
  }),
};

/** What a lookup costs as the catalog grows tenfold at a time: always of one service, and of all in turn. */
export async function growthRows(run: Run, services: number): Promise<Row[]> {
  const rollcall = await startRollcall(run);
  const bare = await startBareHttp(run);
  const rows: Row[] = [];
  let registered = 0;
  for (let size = SMALLEST; size <= services; size *= STEP) {
    const from = registered;
    await sendAll(rollcall.httpPort, size - from, SERVICE, from);
    registered = size;
    const lookups = [
      ['lookups of one service', { method: 'GET', path: FIRST_PATH }],
      ['lookups of all services in turn', { ...inTurn(), keys: size }],
    ] as const;
    for (const [group, request] of lookups) {
      // Every lookup once: else the first of each would count, and the more of them the more there are.
      await warmUp(targetOf(rollcall), request, 'keys' in request ? size : 0);
      const name = `${size.toLocaleString('en')} services`;
      rows.push({ ...(await httpRow(run, rollcall, bare, { group, name, request })), size });
    }
  }
  await rollcall.stop();
  await bare.program.stop();
  return [...rows, ...flatness(rows)];
}

function inTurn(): BenchRequest {
  return { method: 'GET', path: '/v1/health/service/svc-{k}?passing' };
}

/** What a lookup costs in the largest catalog against the smallest, both measured against the bare server. */
function flatness(rows: readonly Row[]): Row[] {
  return [...new Set(rows.map(({ group }) => group))].map((group) => {
    const ofGroup = rows.filter((row) => row.group === group);
    const [first, last] = [ofGroup[0], ofGroup.at(-1)].map((row) => 1 / (row?.cpuRatio ?? row?.ratio ?? NaN));
    const largest = ofGroup.at(-1)?.name ?? '';
    return compareCosts(
      {
        group: `cost of ${group}, of that of bare node:http`,
        name: largest,
        bar: 'growth-lookup',
        unit: 'x',
        referenceName: ofGroup[0]?.name ?? '',
      },
      [last ?? NaN],
      [first ?? NaN],
    );
  });
}
