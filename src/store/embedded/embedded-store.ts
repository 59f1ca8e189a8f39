import type { BinAnswer, BinRequest, Commit, CommitResult, Revision, Txn } from '../../core/index.ts';
import { systemClock, type Clock } from '../../platform/clock.ts';
import type { Logger } from '../../platform/logger.ts';
import {
  StoreError,
  type Adoption,
  type Renewal,
  type Snapshot,
  type SnapshotItem,
  type Store,
  type StoreStatus,
  type Sweep,
  type SweepRequest,
} from '../store.ts';
import { CompareState } from './compare-state.ts';
import { withDeadline } from './deadline.ts';
import { causeOf, Disk } from './disk.ts';
import { decodeItem, PREFIX } from './disk-format.ts';
import { GroupCommit } from './group-commit.ts';
import { History } from './history.ts';

export interface EmbeddedStoreOptions {
  /** The data directory; created where it does not exist. One process at a time. */
  readonly directory: string;
  /** Commits kept in memory for followers; 10,000 unless told. Also bounded to 64 MiB. */
  readonly historyLength?: number;
  readonly clock?: Clock;
  readonly logger: Logger;
}

const HISTORY_LENGTH = 10_000;
const HISTORY_BYTES = 64 << 20;
const CLOSE_DEADLINE_MS = 5000;
const FORGET_TOPICS = 5000;

/**
 * The store of a registry of one node: LevelDB in this process, durable at acknowledgement.
 *
 * Compares are decided in memory, values live on disk, and renewals are not written at all: after a
 * restart every lease has its full TTL again.
 */
export class EmbeddedStore implements Store {
  readonly kind = 'embedded';
  readonly #options: EmbeddedStoreOptions;
  readonly #state: CompareState;
  readonly #history: History;
  #opening: Promise<void> | undefined;
  #closing: Promise<void> | undefined;
  #disk: Disk | undefined;
  #commits: GroupCommit | undefined;
  #adopted = false;

  constructor(options: EmbeddedStoreOptions) {
    this.#options = options;
    this.#state = new CompareState(options.clock ?? systemClock);
    this.#history = new History({ commits: options.historyLength ?? HISTORY_LENGTH, bytes: HISTORY_BYTES });
  }

  open(): Promise<void> {
    this.#opening ??= this.#open();
    return this.#opening;
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async adopt(witnessed: Revision): Promise<Adoption> {
    const adoption = await this.#opened().commits.submit(0, (group) => group.adopt(witnessed));
    this.#adopted = true;
    return adoption;
  }

  async commit(txn: Txn): Promise<CommitResult> {
    const commits = this.#adoptedCommits();
    const lengthBytes = txn.puts.reduce((bytes, put) => bytes + put.value.length, 0);
    return commits.submit(lengthBytes, (group) => group.commit(txn));
  }

  async revision(): Promise<Revision> {
    this.#opened();
    return this.#state.revision;
  }

  revisionHere(): Revision {
    return this.#state.revision;
  }

  /** LevelDB's lock proves that no other process writes here; a write would prove no more. */
  async barrier(): Promise<Revision> {
    this.#assertWritable();
    return this.#state.revision;
  }

  async snapshot(signal: AbortSignal): Promise<Snapshot> {
    const { disk } = this.#opened();
    return { base: this.#state.revision, items: this.#items(disk, signal) };
  }

  async *follow(after: Revision, signal: AbortSignal): AsyncGenerator<readonly Commit[], void> {
    this.#opened();
    yield* this.#history.follow(after, signal);
  }

  async renew(renewals: readonly Renewal[]): Promise<readonly boolean[]> {
    const { commits } = this.#opened();
    const known = renewals.map(() => false);
    let waiting = [...renewals.keys()];
    for (;;) {
      const undecided: number[] = [];
      for (const index of waiting) {
        const renewal = renewals[index];
        if (renewal === undefined) continue;
        if (commits.decidesOn(renewal.lease)) undecided.push(index);
        else known[index] = this.#renew(renewal);
      }
      if (undecided.length === 0) return known;
      await commits.settled();
      this.#assertWritable();
      waiting = undecided;
    }
  }

  async sweep({ sweeper, limit }: SweepRequest): Promise<Sweep> {
    const { commits } = this.#opened();
    const { leaseClock, leases, bins } = this.#state;
    const leader = leaseClock.sweep(sweeper);
    if (bins.hasDue(leaseClock.nowMs)) {
      await commits.submit(0, (group) => {
        group.expireBins();
      });
    }
    const due = leader ? leases.due(leaseClock.nowMs, limit) : [];
    return { leader, nowMs: leaseClock.nowMs, resumedAtMs: leaseClock.resumedAtMs, due };
  }

  async acquire(request: BinRequest): Promise<BinAnswer> {
    return this.#adoptedCommits().submit(0, (group) => group.acquire(request));
  }

  async release(pool: string, lease: string): Promise<boolean> {
    return this.#adoptedCommits().submit(0, (group) => group.release(pool, lease));
  }

  async compact(upTo: Revision): Promise<void> {
    const { commits } = this.#opened();
    const reach = Math.min(upTo, this.#state.revision);
    const old: string[] = [];
    for (const [topic, revision] of this.#state.topics) if (revision <= reach) old.push(topic);
    for (let from = 0; from === 0 || from < old.length; from += FORGET_TOPICS) {
      await commits.submit(0, (group) => {
        group.forgetTopics(old.slice(from, from + FORGET_TOPICS), reach);
      });
    }
    this.#history.forget(reach);
  }

  status(): StoreStatus {
    const available =
      this.#commits !== undefined && this.#closing === undefined && this.#commits.trouble === undefined;
    return { available, silentMs: 0 };
  }

  async *#items(disk: Disk, signal: AbortSignal): AsyncGenerator<readonly SnapshotItem[], void> {
    try {
      for (const prefix of [PREFIX.record, PREFIX.topic]) {
        for await (const entries of disk.scan(prefix)) {
          // Ending quietly would pass a part of the picture off as the whole.
          signal.throwIfAborted();
          yield entries.map(([key, bytes]) => decodeItem(key, bytes));
        }
      }
      yield [{ kind: 'compacted', revision: this.#state.compactedTo }];
    } catch (error) {
      if (signal.aborted || error instanceof StoreError) throw error;
      this.#opened();
      throw new StoreError('unavailable', `the snapshot broke off: ${causeOf(error)}`, { cause: error });
    }
  }

  #renew({ lease, ttlMs }: Renewal): boolean {
    return this.#state.leases.renew(lease, this.#state.leaseClock.upcomingMs + ttlMs);
  }

  #assertWritable(): void {
    const { trouble } = this.#opened().commits;
    if (trouble !== undefined) throw new StoreError('unavailable', trouble);
  }

  #adoptedCommits(): GroupCommit {
    const { commits } = this.#opened();
    if (!this.#adopted) throw new StoreError('epoch_changed', 'adopt the store before the first commit');
    return commits;
  }

  #opened(): { disk: Disk; commits: GroupCommit } {
    if (this.#closing !== undefined) throw new StoreError('closed', 'the store was closed');
    if (this.#disk === undefined || this.#commits === undefined) {
      throw new StoreError('unavailable', 'the store is not open yet');
    }
    return { disk: this.#disk, commits: this.#commits };
  }

  async #open(): Promise<void> {
    if (this.#closing !== undefined) throw new StoreError('closed', 'the store was closed');
    const disk = await Disk.open(this.#options.directory);
    try {
      await this.#state.load(disk);
    } catch (error) {
      await disk.close();
      throw error;
    }
    this.#history.restart(this.#state.revision);
    this.#disk = disk;
    this.#commits = new GroupCommit(disk, this.#state, this.#history, this.#options.logger);
  }

  async #close(): Promise<void> {
    this.#history.close();
    await this.#opening?.catch(() => undefined);
    const released = this.#commits?.close().then(() => this.#disk?.close()) ?? Promise.resolve();
    try {
      await withDeadline(released, CLOSE_DEADLINE_MS, 'the data directory was not closed');
    } catch (error) {
      this.#options.logger.error({ err: error }, 'closing the embedded store failed');
    }
  }
}
