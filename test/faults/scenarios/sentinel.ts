import { setTimeout as sleep } from 'node:timers/promises';
import { underLoad, type Scenario } from '../harness/scenario.ts';

export const SENTINEL_FAULTS: readonly Scenario[] = [
  underLoad({
    id: 'F6',
    title: 'Sentinel: kill -9 of the primary',
    options: { topology: 'sentinel' },
    allowance: { writeGapMs: 15_000 },
    inject: async ({ cluster, workload: { history } }) => {
      await history.fault('kill the primary', async () => {
        await (await cluster.primary()).kill();
        await sleep(6000);
      });
      await cluster.redis.restart();
      return undefined;
    },
  }),
  underLoad({
    id: 'F6b',
    title: 'Sentinel: the primary stopped for 8 s, and continued',
    options: { topology: 'sentinel' },
    allowance: { writeGapMs: 15_000 },
    inject: async ({ cluster, workload: { history } }) => {
      await history.fault('stop the primary', async () => {
        cluster.redis.pause();
        await sleep(8000);
        cluster.redis.resume();
      });
      return undefined;
    },
  }),
];
