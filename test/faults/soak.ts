// npm run soak -- --minutes 30 [--seed 1] [--topology sentinel] [--nodes 3] [--report directory]
import { mkdirSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { clockShimMissing, ShiftedClock } from './harness/clock-shim.ts';
import { FaultCluster } from './harness/cluster.ts';
import { monotonicMs } from './harness/history.ts';
import { NodeSamples } from './harness/node-samples.ts';
import { SeededRandom } from './harness/random.ts';
import { judge, type Verdict } from './harness/verdict.ts';
import { Workload } from './harness/workload.ts';
import { troublesFor } from './nemesis.ts';

const { values } = parseArgs({
  options: {
    minutes: { type: 'string', default: '30' },
    seed: { type: 'string', default: String(Date.now() % 2 ** 31) },
    topology: { type: 'string', default: 'single' },
    nodes: { type: 'string', default: '3' },
    report: { type: 'string' },
  },
});
const seed = Number(values.seed);
const directory = values.report ?? join(tmpdir(), `rollcall-soak-${String(seed)}`);
const topology = values.topology === 'sentinel' ? 'sentinel' : 'single';

interface Run {
  readonly verdict: Verdict;
  readonly troubles: Readonly<Record<string, number>>;
  readonly samples: NodeSamples;
  readonly seconds: number;
}

/** Makes trouble every 20 to 40 s, until the time is up. */
async function soak(cluster: FaultCluster, clock: ShiftedClock | undefined): Promise<Run> {
  const random = new SeededRandom(seed);
  const workload = new Workload(cluster.nodes, { seed, pauseMs: 150 });
  const { history } = workload;
  const samples = new NodeSamples(cluster.nodes);
  const counts: Record<string, number> = {};
  const startedAt = monotonicMs();
  const endsAt = startedAt + Number(values.minutes) * 60_000;
  try {
    await workload.start();
    samples.start();
    while (monotonicMs() < endsAt) {
      await sleep(Math.min(random.between(20_000, 40_000), Math.max(0, endsAt - monotonicMs())));
      const trouble = random.pick(troublesFor({ cluster, clock }));
      console.log(`${String(Math.round((monotonicMs() - startedAt) / 1000))} s: ${trouble.name}`);
      await trouble.make({ cluster, history, random, clock });
      counts[trouble.name] = (counts[trouble.name] ?? 0) + 1;
      await workload.untilWritable();
      if (random.fraction() < 0.3) await workload.replaceInstance(random);
    }
    clock?.shift(0);
    await sleep(10_000);
    await workload.stop();
    const verdict = await judge(cluster, history, { writeGapMs: 45_000, expiryBudgetMs: 15_000 });
    const seconds = Math.round((monotonicMs() - startedAt) / 1000);
    return { verdict, troubles: counts, samples, seconds };
  } finally {
    samples.stop();
    await workload.stop().catch(() => undefined);
    history.write(directory, cluster.logs());
  }
}

function report({ verdict, troubles, samples, seconds }: Run): string {
  const row = ([name, value]: [string, unknown]) => `| ${name} | ${String(value)} |`;
  return [
    `# Soak of ${String(Math.round(seconds / 60))} minutes`,
    '',
    `Topology ${topology}, ${values.nodes} registry nodes, seed ${String(seed)}.`,
    verdict.violations.length === 0 ? 'No oracle found a violation.' : 'Violations:',
    ...verdict.violations.map((violation) => `- ${violation}`),
    '',
    ...['| Trouble | Times |', '| --- | --- |', ...Object.entries(troubles).sort().map(row)],
    '',
    ...['| Figure | Value |', '| --- | --- |', ...Object.entries(verdict.figures).map(row)],
    ...samples.figures().map(row),
    '',
  ].join('\n');
}

const clock = clockShimMissing() === undefined ? new ShiftedClock() : undefined;
const env = clock === undefined ? {} : { env: clock.env };
const cluster = await FaultCluster.start({
  nodes: Number(values.nodes),
  topology,
  redis: () => ({ appendonly: true, appendfsync: 'always', ...env }),
  process: () => env,
});
try {
  const run = await soak(cluster, clock);
  mkdirSync(directory, { recursive: true });
  const { verdict, troubles, seconds } = run;
  writeFileSync(join(directory, 'report.md'), report(run));
  writeFileSync(
    join(directory, 'report.json'),
    `${JSON.stringify({ seed, topology, seconds, troubles, ...verdict, nodes: Object.fromEntries(run.samples.figures()) }, null, 2)}\n`,
  );
  console.log(`${report(run)}\nHistory, logs and report: ${directory}`);
  process.exitCode = verdict.violations.length === 0 ? 0 : 1;
} finally {
  await cluster.stop();
  clock?.discard();
}
