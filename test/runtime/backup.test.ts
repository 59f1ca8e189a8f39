import { expect } from 'chai';
import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { randomBytes } from 'node:crypto';
import { backupPlanOf } from '../../src/backup-plan.ts';
import { ConfigError, loadConfig } from '../../src/config/index.ts';
import { createLogger } from '../../src/platform/logger.ts';
import { unpackTar } from '../../src/registry/tar.ts';
import { Housekeeping } from '../../src/runtime/housekeeping.ts';
import { createRedisStore } from '../../src/store/redis/index.ts';
import { eventually } from '../support/eventually.ts';
import { RedisServer, requireRedis } from '../support/redis-server.ts';
import { startRegistry, type TestRegistry } from '../support/registry.ts';

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
const START_MS = Date.parse('2026-03-01T10:20:30.400Z');
const NAME = /^rollcall-dc1-\d{8}T\d{6}Z-r\d+\.snap$/;
const FILES = ['meta.json', 'state.bin', 'SHA256SUMS'];

/** The records of an archive, in no order; its header says when it was made. */
function recordsOf(archive: Uint8Array): string[] {
  const state = unpackTar(gunzipSync(archive), FILES).get('state.bin')?.toString('utf8') ?? '';
  return state.trim().split('\n').slice(1).sort();
}

for (const store of ['embedded', 'redis'] as const)
  describe(`backups of the ${store} store`, function () {
    this.timeout(60_000);
    let redis: RedisServer | undefined;
    let nowMs: number;
    let root: string;
    let directory: string;
    let mounted: string | undefined;
    let leader: string;
    let nodes: { readonly test: TestRegistry; readonly housekeeping: Housekeeping }[];
    let namespaces = 0;

    before(async function () {
      if (store === 'embedded') return;
      requireRedis(this);
      redis = await RedisServer.start();
    });
    after(async () => {
      await redis?.stop();
    });
    beforeEach(async () => {
      nowMs = START_MS;
      root = mkdtempSync(join(tmpdir(), 'rollcall-backup-'));
      directory = join(root, 'backups');
      leader = 'one';
      nodes = [];
      namespaces += 1;
      await startNode('one');
    });
    afterEach(async () => {
      for (const { test, housekeeping } of nodes) {
        await housekeeping.stop();
        await test.stop();
      }
      if (mounted !== undefined) spawnSync('umount', ['-l', mounted]);
      mounted = undefined;
      rmSync(root, { recursive: true, force: true });
    });

    /** One more registry node on the same store; the embedded one belongs to one. */
    async function startNode(nodeName: string, keep = 3): Promise<(typeof nodes)[number]> {
      const logger = createLogger('silent');
      const url = redis?.url;
      const test = await startRegistry({
        identity: { nodeName },
        ...(url === undefined
          ? {}
          : { store: createRedisStore({ url, namespace: `backup-${String(namespaces)}`, logger }) }),
      });
      const clock = { now: () => nowMs, monotonic: () => nowMs - START_MS };
      const calendar = { expression: '0 3 * * *', nextMs: () => Math.ceil((nowMs + 1) / DAY_MS) * DAY_MS };
      const backup = { directory, calendar, keep };
      const leads = () => leader === nodeName;
      const housekeeping = new Housekeeping({ registry: test.registry, clock, logger, leads, backup });
      nodes.push({ test, housekeeping });
      return { test, housekeeping };
    }

    const first = () => nodes[0] as (typeof nodes)[number];
    const put = (key: string, value: Uint8Array = new Uint8Array([1])) =>
      first().test.registry.kv.put({ key, value, flags: '0' });
    const lastBackup = (at = first()) => at.test.registry.jobs.lastRun('backup');
    const backups = () =>
      readdirSync(directory)
        .filter((name) => NAME.test(name))
        .sort();

    async function pass(ms: number): Promise<void> {
      nowMs += ms;
      for (const { housekeeping } of nodes) await housekeeping.run();
    }

    it('are made at once and then by the calendar, each by whoever leads then', async () => {
      await put('a');
      await pass(0);
      const [name = ''] = backups();
      expect(name).to.match(/^rollcall-dc1-20260301T102030Z-r\d+\.snap$/);
      expect(lastBackup()).to.deep.include({
        node: 'one',
        schedule: '0 3 * * *',
        outcome: 'done',
        failures: 0,
        lastRunAt: '2026-03-01T10:20:30.400Z',
        lastSuccessAt: '2026-03-01T10:20:30.400Z',
        nextRunAt: '2026-03-02T00:00:00.000Z',
      });
      expect(lastBackup()?.detail).to.include(name);
      await pass(13 * HOUR_MS);
      expect(backups()).to.deep.equal([name]);
      await pass(HOUR_MS);
      expect(backups()).to.have.length(2);
      leader = 'nobody';
      await pass(DAY_MS);
      expect(backups()).to.have.length(2);
    });

    it('hold all of the catalog, for nobody else to read', async () => {
      await put('a', randomBytes(3 * 1024 * 1024));
      await Promise.all(Array.from({ length: 1201 }, (_, i) => put(`many/${String(i)}`)));
      await pass(0);
      await pass(DAY_MS);
      const path = join(directory, backups()[1] ?? '');
      expect([statSync(path).mode & 0o777, statSync(directory).mode & 0o777]).to.deep.equal([0o600, 0o700]);
      const empty = await startRegistry();
      try {
        await empty.registry.snapshots.restore(readFileSync(path));
        const again = await empty.registry.snapshots.save(new Date(nowMs).toISOString());
        expect(recordsOf(again)).to.deep.equal(recordsOf(readFileSync(path)));
        expect(recordsOf(again)).to.have.length(1202);
      } finally {
        await empty.stop();
      }
    });

    it('beyond those to keep are removed, and nothing else in the directory', async () => {
      await pass(0);
      const strangers = ['notes.txt', 'rollcall-dc2-20200101T000000Z-r1.snap', 'rollcall-dc1-old.snap'];
      for (const name of strangers) writeFileSync(join(directory, name), '');
      const [crashed, young] = ['.rollcall-dc1-crashed.snap.x.tmp', '.rollcall-dc1-young.snap.x.tmp'];
      for (const name of [crashed, young]) writeFileSync(join(directory, name), '');
      for (let day = 0; day < 3; day++) await pass(DAY_MS);
      expect(backups().map((name) => name.slice(13, 21))).to.deep.equal(['20260302', '20260303', '20260304']);
      const nextSeconds = (nowMs + DAY_MS) / 1000;
      utimesSync(join(directory, crashed), nextSeconds - 7200, nextSeconds - 7200);
      utimesSync(join(directory, young), nextSeconds - 600, nextSeconds - 600);
      await pass(DAY_MS);
      expect(readdirSync(directory)).to.have.members([...backups(), ...strangers, young]);
    });

    it('that fail leave the old ones alone, say why, and are tried again, ever later', async () => {
      await pass(0);
      const kept = backups();
      const moved = join(root, 'moved');
      spawnSync('mv', [directory, moved]);
      writeFileSync(directory, 'a file in its place');
      await pass(DAY_MS);
      expect(lastBackup()).to.deep.include({ outcome: 'failed', failures: 1, node: 'one' });
      expect(lastBackup()?.detail).to.include('EEXIST');
      expect(lastBackup()?.lastSuccessAt).to.equal('2026-03-01T10:20:30.400Z');
      await pass(59_000);
      expect(lastBackup()?.failures).to.equal(1);
      await pass(1000);
      expect(lastBackup()?.failures).to.equal(2);
      await pass(60_000);
      expect(lastBackup()?.failures).to.equal(2);
      rmSync(directory);
      spawnSync('mv', [moved, directory]);
      await pass(60_000);
      expect(lastBackup()).to.deep.include({ outcome: 'done', failures: 0 });
      expect(backups()).to.include.members(kept).and.to.have.length(2);
    });

    it('on a disk that is full leave nothing behind', async function () {
      mkdirSync(directory);
      if (spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=1m', 'tmpfs', directory]).status !== 0) this.skip();
      mounted = directory;
      await pass(0);
      const kept = backups();
      await put('large', randomBytes(2 * 1024 * 1024));
      await pass(DAY_MS);
      expect(lastBackup()?.detail).to.include('ENOSPC');
      expect(readdirSync(directory)).to.deep.equal(kept);
    });

    it('fail where the directory may not be written to', async function () {
      if (process.getuid?.() === 0) {
        // Root may write anywhere but to what is mounted read-only.
        mkdirSync(directory);
        if (spawnSync('mount', ['-t', 'tmpfs', '-o', 'ro', 'tmpfs', directory]).status !== 0) this.skip();
        mounted = directory;
      } else {
        chmodSync(root, 0o500);
      }
      await pass(0);
      expect(lastBackup()?.outcome).to.equal('failed');
      expect(lastBackup()?.detail).to.match(/EROFS|EACCES/);
      if (mounted === undefined) chmodSync(root, 0o700);
    });

    it('wait for a restore that is under way', async () => {
      await first().test.registry.settings.put('restore', { id: 'somebody/1', chunks: 0 });
      await pass(0);
      expect(lastBackup()).to.deep.include({ outcome: 'failed', detail: 'a restore is under way' });
      await first().test.registry.settings.delete('restore');
      await pass(60_000);
      expect(lastBackup()?.outcome).to.equal('done');
    });

    it('are not made from a store that is gone', async () => {
      await first().test.store.close();
      await pass(0);
      expect(() => readdirSync(directory)).to.throw('ENOENT');
    });

    it('are in the status no more once nobody makes them', async () => {
      await first().test.registry.jobs.record('former', { ...lastRun(), node: 'gone' });
      await pass(0);
      expect(
        first()
          .test.registry.jobs.list()
          .map(({ name }) => name),
      ).to.deep.equal(['backup', 'tombstones']);
    });

    // The embedded store belongs to one node.
    if (store === 'redis')
      it('go on where another node left off', async () => {
        const second = await startNode('two');
        await pass(0);
        leader = 'two';
        await eventually(() => lastBackup(second) !== undefined, 'the second node knows');
        await pass(HOUR_MS);
        expect(backups()).to.have.length(1);
        await pass(DAY_MS);
        expect(backups()).to.have.length(2);
        await eventually(() => lastBackup()?.node === 'two', 'the first node knows who made it');
      });

    const lastRun = () => ({
      node: 'one',
      schedule: '* * * * *',
      outcome: 'done' as const,
      detail: '',
      lastRunAt: '2026-03-01T10:20:30.400Z',
      durationMs: 1,
      failures: 0,
    });
  });

describe('the schedule of backups', () => {
  const plan = (schedule: string, directory?: string) =>
    backupPlanOf(
      loadConfig([], {
        ROLLCALL_BACKUP_SCHEDULE: schedule,
        ...(directory === undefined ? {} : { ROLLCALL_BACKUP_DIR: directory }),
      }),
    );

  for (const [schedule, reason] of [
    ['61 3 * * *', 'minute'],
    ['0 3 * *', 'expected 5 fields but got 4'],
    ['0 0 3 * * *', 'expected 5 fields but got 6'],
    ['daily', 'expected 5 fields but got 1'],
    ['0 0 30 2 *', 'impossible day'],
  ] as const)
    it(`may not be "${schedule}"`, () => {
      for (const directory of [undefined, '/backups'])
        expect(() => plan(schedule, directory)).to.throw(
          ConfigError,
          new RegExp(`^backupSchedule: .*${reason}`),
        );
    });

  it('is in UTC, and of no use without a directory', () => {
    expect(plan('0 3 * * *')).to.equal(undefined);
    const next = plan('5 4 * * *', '/backups')?.calendar.nextMs() ?? 0;
    expect(new Date(next).toISOString()).to.match(/T04:05:00\.000Z$/);
    expect(next).to.be.within(Date.now(), Date.now() + DAY_MS);
  });
});
