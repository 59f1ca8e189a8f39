import { cp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { eventually } from '../../support/eventually.ts';
import { clockShimMissing, ShiftedClock } from '../harness/clock-shim.ts';
import { underLoad, type Scenario } from '../harness/scenario.ts';

const HOUR_MS = 3_600_000;
const AOF = 'appendonlydir';

export const REDIS_FAULTS: readonly Scenario[] = [
  underLoad({
    id: 'F4',
    title: 'kill -9 of the only Redis, started again 3 s later',
    allowance: { writeGapMs: 15_000 },
    inject: async ({ cluster: { redis }, workload: { history } }) => {
      await history.fault('kill redis', async () => {
        await redis.kill();
        await sleep(3000);
        await redis.restart();
      });
      return undefined;
    },
  }),
  ...[2, 10].map((seconds) =>
    underLoad({
      id: seconds === 2 ? 'F5' : 'F5b',
      title: `Redis stopped for ${String(seconds)} s, and continued`,
      allowance: { writeGapMs: 1000 * seconds + 6000 },
      inject: async ({ cluster: { redis }, workload: { history } }) => {
        await history.fault('stop redis', async () => {
          redis.pause();
          await sleep(1000 * seconds);
          redis.resume();
        });
        return undefined;
      },
    }),
  ),
  underLoad({
    id: 'F7',
    title: 'a replica that lags is promoted',
    allowance: { writeGapMs: 15_000, lost: Infinity },
    inject: async ({ cluster, workload: { history } }) => {
      const replica = await cluster.addRedis({ appendonly: true, appendfsync: 'always' });
      const line = await cluster.addProxy(cluster.redis);
      await replica.call('REPLICAOF', '127.0.0.1', line.port);
      await eventually(
        async () => String(await replica.call('INFO', 'replication')).includes('master_link_status:up'),
        'the replica follows',
      );
      await sleep(1000);
      await history.fault('promote a lagging replica', async () => {
        line.freeze();
        await sleep(1500);
        await cluster.redis.kill();
        await replica.call('REPLICAOF', 'NO', 'ONE');
        cluster.switchTo(replica);
      });
      return { redis: replica, mustLose: true };
    },
  }),
  underLoad({
    id: 'F13',
    title: 'FLUSHALL',
    // A node that has not yet heard of a write may be the one that fills Redis again.
    allowance: { writeGapMs: 15_000, lost: 20, refilled: true },
    inject: async ({ cluster: { redis } }) => {
      await redis.call('FLUSHALL');
      return undefined;
    },
  }),
  underLoad({
    id: 'F13b',
    title: 'Redis comes back with older data',
    allowance: { writeGapMs: 15_000, lost: Infinity },
    inject: async ({ cluster: { redis }, workload: { history } }) => {
      const saved = join(redis.directory, 'saved');
      await cp(join(redis.directory, AOF), saved, { recursive: true });
      await sleep(2000);
      await history.fault('restore older data', async () => {
        await redis.kill();
        await rm(join(redis.directory, AOF), { recursive: true });
        await cp(saved, join(redis.directory, AOF), { recursive: true });
        await redis.restart();
      });
      return { mustLose: true };
    },
  }),
  underLoad({
    id: 'F13c',
    title: 'Redis comes back empty: its data directory is lost',
    allowance: { writeGapMs: 15_000, lost: 20, refilled: true },
    inject: async ({ cluster: { redis }, workload: { history } }) => {
      await history.fault('lose the data directory', async () => {
        await redis.kill();
        await rm(join(redis.directory, AOF), { recursive: true });
        await redis.restart();
      });
      return undefined;
    },
  }),
  clockJumps(),
  underLoad({
    id: 'F19',
    title: 'the log is trimmed past a follower that fell behind',
    allowance: { writeGapMs: 15_000 },
    inject: async ({ cluster: { redis, proxies }, workload: { history } }) => {
      await history.fault('trim the log', async () => {
        proxies[1]?.freeze();
        await sleep(2000);
        await redis.call('XTRIM', '{rollcall}:log', 'MAXLEN', 1);
        proxies[1]?.thaw();
      });
      return undefined;
    },
  }),
];

function clockJumps(): Scenario {
  const clock: { shifted?: ShiftedClock } = {};
  const env = (): Readonly<Record<string, string>> => (clock.shifted ??= new ShiftedClock()).env;
  const scenario = underLoad({
    id: 'F16',
    title: 'the clocks of Redis and of all nodes jump by an hour, forth and back',
    unavailable: clockShimMissing,
    options: {
      redis: () => ({ appendonly: true, appendfsync: 'always', env: env() }),
      process: () => ({ env: env() }),
    },
    allowance: { writeGapMs: 15_000 },
    inject: async ({ cluster: { redis }, workload: { instances } }) => {
      const before = Number(((await redis.call('TIME')) as [string])[0]);
      clock.shifted?.shift(HOUR_MS);
      const after = Number(((await redis.call('TIME')) as [string])[0]);
      if (after - before < 3000) throw new Error('the clock of Redis did not jump');
      await sleep(4000);
      await instances[0]?.fallSilent();
      clock.shifted?.shift(-HOUR_MS);
      await sleep(14_000);
      clock.shifted?.shift(0);
      await sleep(2000);
      return undefined;
    },
  });
  return {
    ...scenario,
    run: async (seed) => {
      try {
        return await scenario.run(seed);
      } finally {
        clock.shifted?.discard();
      }
    },
  };
}
