import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { FaultCluster, type ClusterOptions } from './cluster.ts';
import { judge, type Allowance, type Figures } from './verdict.ts';
import { Workload } from './workload.ts';

/** A fault, how it is injected, and what it may cost. */
export interface Scenario {
  /** As in the table of docs/reliability.md, such as `F4`. */
  readonly id: string;
  readonly title: string;
  /** Needs the machine for itself; default false. */
  readonly alone?: boolean;
  /** Why it cannot run here; undefined where it can. */
  readonly unavailable?: () => string | undefined;
  /** Does it all, and rejects with what went wrong. */
  readonly run: (seed: number) => Promise<string>;
}

export interface UnderLoad {
  readonly cluster: FaultCluster;
  readonly workload: Workload;
}

interface LoadedScenario extends Omit<Scenario, 'run'> {
  readonly options?: ClusterOptions;
  readonly allowance: Allowance;
  /** Injects the fault and removes it; the load runs before, meanwhile and after. */
  readonly inject: (under: UnderLoad) => Promise<Partial<Allowance> | undefined>;
}

const WARM_UP_MS = 1500;
const COOL_DOWN_MS = 2000;

/** A scenario under the whole workload, judged by all oracles; answers its line of numbers. */
export function underLoad({ options, allowance, inject, ...scenario }: LoadedScenario): Scenario {
  return {
    ...scenario,
    run: async (seed) => {
      const cluster = await FaultCluster.start(options);
      const workload = new Workload(cluster.nodes, { seed });
      try {
        await workload.start();
        await sleep(WARM_UP_MS);
        const found = await inject({ cluster, workload });
        await workload.untilWritable();
        await sleep(COOL_DOWN_MS);
        await workload.stop();
        const { figures, violations } = await judge(cluster, workload.history, { ...allowance, ...found });
        if (violations.length > 0) throw new Error(violations.join('\n'));
        return lineOf(figures);
      } catch (error) {
        const directory = join(tmpdir(), `rollcall-faults-${String(process.pid)}`, scenario.id);
        workload.history.write(directory, cluster.logs());
        throw new Error(`seed ${String(seed)}, history in ${directory}`, { cause: error });
      } finally {
        await workload.stop().catch(() => undefined);
        await cluster.stop();
      }
    },
  };
}

/** The numbers of a run, for people. */
export function lineOf(figures: Figures): string {
  const { acknowledged, unknown, refused, lost, reportedLost, writeGapMs } = figures;
  const { lookups, failedLookups, wronglyExpired, lateHeartbeats } = figures;
  return [
    `acked ${String(acknowledged)}, lost ${String(lost)} (reported ${String(reportedLost)})`,
    `unknown ${String(unknown)}, refused ${String(refused)}`,
    `${(writeGapMs / 1000).toFixed(1)} s without writes`,
    `lookups ${String(lookups)}, failed ${String(failedLookups)}`,
    `slowest lookup ${String(figures.slowestLookupMs)} ms, write ${String(figures.slowestWriteMs)} ms`,
    `wrongly expired ${String(wronglyExpired)}, late heartbeats ${String(lateHeartbeats)}`,
  ].join('; ');
}
