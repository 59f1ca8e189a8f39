import {
  epochOf,
  EPOCH_SPAN,
  firstOfEpoch,
  type BinAnswer,
  type BinChange,
  type BinRequest,
  type Commit,
  type CommitResult,
  type Compare,
  type Put,
  type Revision,
  type StoredRecord,
  type Txn,
} from '../../core/index.ts';
import type { Adoption } from '../store.ts';
import type { CompareState } from './compare-state.ts';
import type { DiskWrite } from './disk.ts';
import {
  binLeaseKey,
  encodeBinLease,
  encodeNumbers,
  encodeRecord,
  encodeState,
  leaseKey,
  recordKey,
  STATE_KEY,
  topicKey,
  valueOf,
} from './disk-format.ts';

/**
 * What one synced batch will change: each step sees the effects of the steps before it, and the
 * state itself changes only by `apply`, once the batch is on disk.
 */
export class Group {
  readonly #state: CompareState;
  readonly #writes: DiskWrite[] = [];
  /** Revision by disk key; 0 for a deleted record. */
  readonly #records = new Map<string, Revision>();
  /** Undefined for a forgotten topic. */
  readonly #topics = new Map<string, Revision | undefined>();
  /** TTL in ms; undefined for a revoked lease. */
  readonly #leases = new Map<string, number | undefined>();
  readonly #commits: Commit[] = [];
  readonly #binChanges: BinChange[] = [];
  #revision: Revision;
  #compactedTo: Revision;
  #initialised: boolean;
  #opensEpoch = false;

  constructor(state: CompareState) {
    this.#state = state;
    this.#revision = state.revision;
    this.#compactedTo = state.compactedTo;
    this.#initialised = state.initialised;
  }

  /** The store's revision once this group is applied. */
  get revision(): Revision {
    return this.#revision;
  }

  /** The commits followers will see; those before an epoch that begins in this group are not among them. */
  get commits(): readonly Commit[] {
    return this.#commits;
  }

  get opensEpoch(): boolean {
    return this.#opensEpoch;
  }

  /** Nothing to write. */
  get isEmpty(): boolean {
    const { revision, compactedTo, initialised } = this.#state;
    const sameState = this.#revision === revision && this.#compactedTo === compactedTo;
    return this.#writes.length === 0 && sameState && this.#initialised === initialised;
  }

  /** Whether a renewal must wait to learn if this lease still, or already, exists. */
  decidesOn(lease: string): boolean {
    return this.#leases.has(lease);
  }

  writes(): readonly DiskWrite[] {
    const state = {
      revision: this.#revision,
      leaseClockMs: this.#state.leaseClock.nowMs,
      compactedTo: this.#compactedTo,
    };
    return [...this.#writes, { key: STATE_KEY, value: encodeState(state) }];
  }

  commit(txn: Txn): CommitResult {
    const compare = txn.compares.find((candidate) => !this.#holds(candidate));
    if (compare !== undefined) return { outcome: 'conflict', compare };

    const revision = this.#revision + 1;
    this.#revision = revision;
    const puts = txn.puts.map((put) => this.#put(put, revision));
    for (const { table, key } of txn.deletes) {
      this.#records.set(recordKey(table, key), 0);
      this.#writes.push({ key: recordKey(table, key), value: null });
    }
    for (const topic of txn.touches) {
      this.#topics.set(topic, revision);
      this.#writes.push({ key: topicKey(topic), value: encodeNumbers(revision) });
    }
    for (const { lease, ttlMs } of txn.grants) {
      this.#leases.set(lease, ttlMs);
      this.#writes.push({ key: leaseKey(lease), value: encodeNumbers(ttlMs) });
    }
    for (const lease of txn.revokes) {
      this.#leases.set(lease, undefined);
      this.#writes.push({ key: leaseKey(lease), value: null });
    }
    this.#commits.push({
      revision,
      operation: txn.operation,
      puts,
      deletes: txn.deletes,
      touches: txn.touches,
    });
    return { outcome: 'applied', revision };
  }

  /** Opens the next epoch where the caller has seen more than this store holds. */
  adopt(witnessed: Revision): Adoption {
    const held = this.#revision;
    const fresh = !this.#initialised;
    this.#initialised = true;
    if (witnessed <= held) return { revision: held, epoch: epochOf(held), opened: fresh, lost: 0, fresh };

    const epoch = Math.max(epochOf(held), epochOf(witnessed)) + 1;
    this.#revision = firstOfEpoch(epoch);
    this.#opensEpoch = true;
    this.#commits.length = 0;
    // Of an epoch this store never heard of, only the revisions inside it can be counted.
    const lost = witnessed - Math.max(held, epochOf(witnessed) * EPOCH_SPAN);
    return { revision: this.#revision, epoch, opened: true, lost, fresh };
  }

  /** Forgets those of the topics that were last touched at or below a revision. */
  forgetTopics(topics: readonly string[], upTo: Revision): void {
    this.#compactedTo = Math.max(this.#compactedTo, upTo);
    for (const topic of topics) {
      if (this.#topicRevision(topic) > upTo) continue;
      this.#topics.set(topic, undefined);
      this.#writes.push({ key: topicKey(topic), value: null });
    }
  }

  /** Decides on places in bins at once, unlike all else: `discard` takes that back. */
  acquire(request: BinRequest): BinAnswer {
    const { bins, leaseClock } = this.#state;
    const deadlineMs = leaseClock.upcomingMs + request.ttlMs;
    const changes: BinChange[] = [];
    const answer = bins.acquire(request, { nowMs: leaseClock.nowMs, deadlineMs }, changes);
    this.#noteBins(changes, request.ttlMs);
    return answer;
  }

  release(pool: string, lease: string): boolean {
    this.expireBins();
    const changes: BinChange[] = [];
    const released = this.#state.bins.release(pool, lease, changes);
    this.#noteBins(changes, 0);
    return released;
  }

  expireBins(): void {
    const changes: BinChange[] = [];
    this.#state.bins.expire(this.#state.leaseClock.nowMs, changes);
    this.#noteBins(changes, 0);
  }

  /** Undoes what was decided ahead of the disk, which refused it. */
  discard(): void {
    this.#state.bins.undo(this.#binChanges);
  }

  /** Brings the state to what is now on disk. */
  apply(): void {
    const { records, topics, leases, leaseClock } = this.#state;
    for (const [key, revision] of this.#records) {
      if (revision === 0) records.delete(key);
      else records.set(key, revision);
    }
    for (const [topic, revision] of this.#topics) {
      if (revision === undefined) topics.delete(topic);
      else topics.set(topic, revision);
    }
    for (const [lease, ttlMs] of this.#leases) {
      if (ttlMs === undefined) leases.revoke(lease);
      else leases.grant(lease, leaseClock.upcomingMs + ttlMs);
    }
    if (this.#opensEpoch) leaseClock.resume();
    this.#state.revision = this.#revision;
    this.#state.compactedTo = this.#compactedTo;
    this.#state.initialised = this.#initialised;
  }

  #noteBins(changes: readonly BinChange[], ttlMs: number): void {
    for (const { kind, pool, lease, bin } of changes) {
      const value = kind === 'taken' ? encodeBinLease(ttlMs, bin) : null;
      this.#writes.push({ key: binLeaseKey(pool, lease), value });
    }
    this.#binChanges.push(...changes);
  }

  #put(put: Put, revision: Revision): StoredRecord {
    const { table, key } = put;
    const revisions = {
      createRevision: put.createRevision === 0 ? revision : put.createRevision,
      modifyRevision: revision,
    };
    const bytes = encodeRecord({ ...revisions, value: put.value });
    this.#records.set(recordKey(table, key), revision);
    this.#writes.push({ key: recordKey(table, key), value: bytes });
    return { table, key, value: valueOf(bytes), ...revisions };
  }

  #holds(compare: Compare): boolean {
    switch (compare.kind) {
      case 'record': {
        const key = recordKey(compare.table, compare.key);
        return (this.#records.get(key) ?? this.#state.records.get(key) ?? 0) === compare.revision;
      }
      case 'topic':
        return this.#topicRevision(compare.topic) <= compare.revision;
      case 'lease-due': {
        const { leases, leaseClock } = this.#state;
        if (!this.#leases.has(compare.lease)) return leases.isDue(compare.lease, leaseClock.nowMs);
        const ttlMs = this.#leases.get(compare.lease);
        return ttlMs !== undefined && ttlMs <= 0;
      }
      case 'epoch':
        return epochOf(this.#revision) === compare.epoch;
    }
  }

  /** What is forgotten may have been touched as late as the compaction reached. */
  #topicRevision(topic: string): Revision {
    const touched = this.#topics.has(topic) ? this.#topics.get(topic) : this.#state.topics.get(topic);
    return touched ?? this.#compactedTo;
  }
}
