import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import type { BinAnswer, Revision } from '../../src/core/index.ts';
import { systemClock } from '../../src/platform/clock.ts';
import { createLogger } from '../../src/platform/logger.ts';
import { CompareState } from '../../src/store/embedded/compare-state.ts';
import { Disk } from '../../src/store/embedded/disk.ts';
import { recordKey } from '../../src/store/embedded/disk-format.ts';
import { GroupCommit, type GroupDisk } from '../../src/store/embedded/group-commit.ts';
import { History } from '../../src/store/embedded/history.ts';
import { codeOf, eventually, put, txn } from './harness.ts';

/** A real disk between which and the store a test puts its faults. */
class FaultyDisk implements GroupDisk {
  readonly #disk: Disk;
  write: GroupDisk['write'];
  reopen: GroupDisk['reopen'];

  constructor(disk: Disk) {
    this.#disk = disk;
    this.write = (writes) => disk.write(writes);
    this.reopen = () => disk.reopen();
  }

  /** The next write fails; with `kept` it reaches the disk all the same. */
  failNextWrite(kept: boolean): void {
    this.write = async (writes) => {
      this.write = (later) => this.#disk.write(later);
      if (kept) await this.#disk.write(writes);
      throw new Error('the write failed');
    };
  }

  failReopen(times: number): void {
    let left = times;
    this.reopen = async () => {
      left -= 1;
      if (left >= 0) throw new Error('no space left');
      return this.#disk.reopen();
    };
  }
}

describe('embedded store: faults of the disk', () => {
  let directory: string;
  let disk: Disk;
  let faulty: FaultyDisk;
  let state: CompareState;
  let history: History;
  let commits: GroupCommit;

  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'rollcall-faults-'));
    disk = await Disk.open(directory);
    faulty = new FaultyDisk(disk);
    state = new CompareState(systemClock);
    history = new History({ commits: 100, bytes: 1 << 20 });
    commits = new GroupCommit(faulty, state, history, createLogger('silent'));
    await commits.submit(0, (group) => group.adopt(0));
  });

  afterEach(async () => {
    await commits.close();
    await disk.close();
    await rm(directory, { recursive: true });
  });

  async function commit(key: string): Promise<Revision> {
    const lease = { lease: key, ttlMs: 60_000 };
    const result = await commits.submit(0, (group) =>
      group.commit(txn({ puts: [put(key)], grants: [lease] })),
    );
    if (result.outcome !== 'applied') throw new Error('conflict');
    return result.revision;
  }

  function take(lease: string): Promise<BinAnswer> {
    const wish = { pool: 'p', lease, ttlMs: 60_000, bins: [{ name: 'bin', share: 1 }], divisor: 1 };
    return commits.submit(0, (group) => group.acquire(wish));
  }

  async function onDisk(): Promise<string[]> {
    const keys: string[] = [];
    for await (const entries of disk.scan('r/')) keys.push(...entries.map(([key]) => key));
    return keys;
  }

  it('applies nothing of a group whose write was not kept', async () => {
    await commit('a');
    faulty.failNextWrite(false);
    const codes = await Promise.all([codeOf(commit('b')), codeOf(commit('c'))]);
    expect(codes).to.deep.equal(['unavailable', 'unavailable']);
    expect(state.revision).to.equal(1);
    expect(state.records.size).to.equal(1);
    expect(state.leases.size).to.equal(1);
    expect(await onDisk()).to.deep.equal([recordKey('kv', 'a')]);
    expect(await commit('d')).to.equal(2);
  });

  it('applies a group whose write failed but was kept', async () => {
    faulty.failNextWrite(true);
    expect(await Promise.all([commit('a'), commit('b')])).to.deep.equal([1, 2]);
    expect(await onDisk()).to.have.length(2);
    expect(await commit('c')).to.equal(3);
  });

  it('counts no place in a bin whose write was not kept, in a group with others', async () => {
    await take('held');
    faulty.failNextWrite(false);
    const release = commits.submit(0, (group) => group.release('p', 'held'));
    const codes = await Promise.all([codeOf(release), codeOf(take('b')), codeOf(commit('c'))]);
    expect(codes).to.deep.equal(['unavailable', 'unavailable', 'unavailable']);
    expect(await take('d')).to.include({ outcome: 'acquired', poolLoad: 2 });
    expect(await take('held')).to.include({ outcome: 'renewed' });
  });

  it('writes places in bins again where nobody can tell whether they were kept', async () => {
    faulty.failNextWrite(false);
    expect(await take('a')).to.include({ outcome: 'acquired', poolLoad: 1 });
    const again = new CompareState(systemClock);
    await again.load(disk);
    expect(again.bins.release('p', 'a')).to.equal(true);
  });

  it('calls the outcome unknown while the disk does not open, then shows what became of it', async () => {
    faulty.failNextWrite(true);
    faulty.failReopen(2);
    const abort = new AbortController();
    const followed = history.follow(0, abort.signal);
    const doubted = codeOf(commit('a'));
    const waiting = new Promise<string>((resolve) => {
      setImmediate(() => {
        resolve(codeOf(commit('b')));
      });
    });
    expect(await doubted).to.equal('unknown_outcome');
    expect(await waiting).to.equal('unavailable');
    expect(commits.trouble).to.include('no space left');
    expect(state.revision).to.equal(0);
    expect(await codeOf(commit('c'))).to.equal('unavailable');

    await eventually(
      async () => commits.trouble,
      (trouble) => trouble === undefined,
    );
    expect(state.revision).to.equal(1);
    const { value } = await followed.next();
    expect((value ?? []).map(({ revision }) => revision)).to.deep.equal([1]);
    abort.abort();
    expect(await commit('d')).to.equal(2);
    expect(await onDisk()).to.deep.equal([recordKey('kv', 'a'), recordKey('kv', 'd')]);
  });

  it('refuses to go on with a directory that is another one after it was opened again', async () => {
    await commit('a');
    faulty.failNextWrite(false);
    faulty.reopen = async () => ({ revision: 700, leaseClockMs: 0, compactedTo: 0 });
    expect(await codeOf(commit('b'))).to.equal('unknown_outcome');
    expect(commits.trouble).to.include('it is at 700, not 1');
    expect(await codeOf(commit('c'))).to.equal('unavailable');
    await commits.close();
    expect(await codeOf(commit('d'))).to.equal('closed');
  });

  it('answers within its deadline while a write hangs, and heals when it ends', async () => {
    let finish = (): void => undefined;
    const hung = new Promise<void>((resolve) => {
      finish = resolve;
    });
    faulty.write = async (writes) => {
      await hung;
      await disk.write(writes);
    };
    const begin = performance.now();
    const doubted = codeOf(commit('a'));
    await new Promise(setImmediate);
    const waiting = codeOf(commit('b'));
    expect(await doubted).to.equal('unknown_outcome');
    expect(await waiting).to.equal('unavailable');
    await commits.settled();
    expect(performance.now() - begin).to.be.below(4000);
    expect(await codeOf(commit('c'))).to.equal('unavailable');
    expect(state.revision).to.equal(0);

    finish();
    await eventually(
      async () => commits.trouble,
      (trouble) => trouble === undefined,
    );
    expect(state.revision).to.equal(1);
    expect(await commit('d')).to.equal(2);
    expect(await onDisk()).to.deep.equal([recordKey('kv', 'a'), recordKey('kv', 'd')]);
  });

  it('refuses more than it can hold, and applies all that it took', async () => {
    const attempts = Array.from({ length: 25_000 }, () =>
      commits
        .submit(0, (group) => group.commit(txn({})))
        .then(
          () => 'applied',
          (error: unknown) => (error as { code: string }).code,
        ),
    );
    const outcomes = await Promise.all(attempts);
    const applied = outcomes.filter((outcome) => outcome === 'applied');
    expect(applied.length).to.be.within(20_000, 24_999);
    expect(new Set(outcomes)).to.deep.equal(new Set(['applied', 'overloaded']));
    expect(state.revision).to.equal(applied.length);
    expect(await commit('after')).to.equal(applied.length + 1);
  });
});
