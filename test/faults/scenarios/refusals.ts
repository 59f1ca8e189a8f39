import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Redis } from 'ioredis';
import { underLoad, type Scenario, type UnderLoad } from '../harness/scenario.ts';

/** Settings by which a Redis refuses writes, or anything. */
const REFUSING: Readonly<
  Record<string, readonly (readonly [name: string, refusing: string, usual: string])[]>
> = {
  OOM: [['maxmemory', '1', '0']],
  NOREPLICAS: [['min-replicas-to-write', '1', '0']],
  NOAUTH: [['requirepass', 'secret', '']],
  maxclients: [['maxclients', '1', '10000']],
};

export const REFUSAL_FAULTS: readonly Scenario[] = [
  underLoad({
    id: 'F15',
    title: 'Redis answers OOM, NOREPLICAS, NOAUTH, READONLY, and refuses connections',
    allowance: { writeGapMs: 15_000 },
    inject: async ({ cluster, workload }) => {
      // One connection of its own, which outlives what Redis refuses.
      const admin = new Redis({ port: cluster.redis.port, protocol: 2, retryStrategy: () => null });
      await admin.ping();
      try {
        for (const [what, settings] of Object.entries(REFUSING))
          await workload.history.fault(what, async () => {
            for (const [name, refusing] of settings) await admin.config('SET', name, refusing);
            // Whoever is connected stays so; new connections meet the refusal.
            if (what === 'maxclients' || what === 'NOAUTH') for (const proxy of cluster.proxies) proxy.cut();
            await sleep(1500);
            for (const [name, , usual] of settings) await admin.config('SET', name, usual);
            await workload.untilWritable();
          });
        await becomeReplica({ cluster, workload }, admin);
      } finally {
        admin.disconnect();
      }
      return undefined;
    },
  }),
  diskFull(),
];

/** The primary is told to follow somebody who is not there, and then to be a primary again. */
async function becomeReplica({ workload }: UnderLoad, admin: Redis): Promise<void> {
  await workload.history.fault('READONLY', async () => {
    await admin.replicaof('127.0.0.1', 1);
    await sleep(1500);
    await admin.replicaof('NO', 'ONE');
  });
}

function mountMissing(): string | undefined {
  if (process.platform !== 'linux' || process.getuid?.() !== 0)
    return 'a small tmpfs can be mounted by root only';
  const directory = mkdtempSync(join(tmpdir(), 'rollcall-mount-'));
  const mounted = spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=1m', 'tmpfs', directory]).status === 0;
  if (mounted) spawnSync('umount', [directory]);
  rmSync(directory, { recursive: true, force: true });
  return mounted ? undefined : 'mount is not allowed here';
}

function diskFull(): Scenario {
  let disk = '';
  const scenario = underLoad({
    id: 'F12',
    title: 'the disk of Redis is full for 4 s (appendfsync everysec)',
    unavailable: mountMissing,
    options: { redis: () => ({ appendonly: true, appendfsync: 'everysec', config: { dir: disk } }) },
    allowance: { writeGapMs: 15_000 },
    inject: async ({ cluster: { redis }, workload: { history } }) => {
      const filler = join(disk, 'filler');
      await history.fault('disk full', async () => {
        fill(filler);
        await sleep(4000);
        rmSync(filler);
      });
      const info = String(await redis.call('INFO', 'stats'));
      if (!/errorstat_MISCONF/.test(String(await redis.call('INFO', 'errorstats'))))
        throw new Error(`Redis never noticed that its disk was full: ${info}`);
      return undefined;
    },
  });
  return {
    ...scenario,
    run: async (seed) => {
      disk = mkdtempSync(join(tmpdir(), 'rollcall-disk-'));
      const mounted = spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=3m', 'tmpfs', disk]);
      if (mounted.status !== 0) throw new Error(`mount failed: ${String(mounted.stderr)}`);
      try {
        return await scenario.run(seed);
      } finally {
        spawnSync('umount', ['-l', disk]);
        rmSync(disk, { recursive: true, force: true });
      }
    },
  };
}

/** Writes until nothing more fits. */
function fill(file: string): void {
  const block = Buffer.alloc(4096);
  try {
    for (;;) writeFileSync(file, block, { flag: 'a' });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOSPC') throw error;
  }
}
