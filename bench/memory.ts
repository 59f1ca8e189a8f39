import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { REGISTRATION } from './catalog.ts';
import { numbered } from './http-request.ts';
import { sendAll } from './http-rows.ts';
import { compareCosts, type Row } from './measure.ts';
import { memoryOf } from './probes.ts';
import { startRollcall } from './programs.ts';
import type { Run } from './run.ts';

const INSTANCES = 10_000;
const ROUNDS = 3;
const MB = 1e6;

/** What 10,000 registered instances add to the process, against their definitions as plain objects. */
export async function memoryRows(run: Run): Promise<Row[]> {
  const heap: number[] = [];
  const rss: number[] = [];
  const plain: number[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    const rollcall = await startRollcall(run);
    const before = await memoryOf(rollcall.program);
    await sendAll(rollcall.httpPort, INSTANCES, REGISTRATION);
    const after = await memoryOf(rollcall.program);
    await rollcall.stop();
    heap.push((after.heapUsed + after.external - before.heapUsed - before.external) / MB);
    rss.push((after.rss - before.rss) / MB);
    plain.push(plainObjectsBytes() / MB);
  }
  const row = { group: 'memory of 10,000 instances', unit: 'MB', referenceName: 'plain objects, heap' };
  return [
    compareCosts({ ...row, name: 'heap, after a garbage collection' }, heap, plain),
    compareCosts({ ...row, name: 'resident set' }, rss, plain),
  ];
}

function plainObjectsBytes(): number {
  setFlagsFromString('--expose-gc');
  const collectGarbage = runInNewContext('gc') as () => void;
  collectGarbage();
  const before = process.memoryUsage().heapUsed;
  const definitions = Array.from({ length: INSTANCES }, (_, i): unknown => {
    return JSON.parse(numbered(REGISTRATION.body ?? '', i, REGISTRATION.keys ?? 1));
  });
  collectGarbage();
  const after = process.memoryUsage().heapUsed;
  if (definitions.length !== INSTANCES) throw new Error('they must live until now');
  return after - before;
}
