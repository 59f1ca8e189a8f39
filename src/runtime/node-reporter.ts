import type { Logger } from '../platform/logger.ts';
import type { Random } from '../platform/random.ts';
import type { NodeReport, Registry } from '../registry/index.ts';
import { repeat, type Repeating } from './repeat.ts';

const INTERVAL_MS = 2000;

interface Deps {
  readonly registry: Registry;
  readonly logger: Logger;
  readonly random: Random;
  readonly report: () => NodeReport;
}

/** Tells the other nodes what this one does, for whoever looks at the registry as a whole. */
export function startNodeReporter({ registry, logger, random, report }: Deps): Repeating {
  const run = async (): Promise<false> => {
    if (!registry.ready) return false;
    const now = report();
    await registry.cluster.report(now);
    if (now.roles.includes('housekeeper')) await registry.cluster.prune();
    return false;
  };
  return repeat(run, { name: 'node report', intervalMs: INTERVAL_MS, logger, random });
}
