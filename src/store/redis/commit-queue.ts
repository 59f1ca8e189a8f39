import type { CommitResult, Txn } from '../../core/index.ts';
import { systemClock } from '../../platform/clock.ts';
import { StoreError } from '../store.ts';
import { encodeTxn, type EncodedTxn } from './frame.ts';

const GROUP_TXNS = 100;
/** A compare, a record, a topic or a lease takes Redis some 1.5 us, and nobody shall wait a millisecond for a group. */
const GROUP_STEPS = 500;
const GROUP_BYTES = 1024 * 1024;
const MAX_PENDING_TXNS = 10_000;
const MAX_PENDING_BYTES = 64 * 1024 * 1024;
const MAX_WAIT_MS = 500;

/** What `lua/commit.lua` answers: the revision before the group, and per transaction 0 or a compare's number. */
export interface GroupReply {
  readonly base: number;
  readonly failedCompares: readonly number[];
}

interface Pending extends EncodedTxn {
  readonly txn: Txn;
  readonly bytes: number;
  readonly steps: number;
  readonly sinceMs: number;
  resolve(result: CommitResult): void;
  reject(error: unknown): void;
}

/**
 * Groups the commits of one tick into few script calls; each transaction succeeds or fails alone.
 *
 * A group holds at most 100 transactions, 500 compares and effects, and about 1 MB; a larger transaction goes alone. Beyond 10,000 transactions or 64 MB a commit is refused as `overloaded`; one that
 * could not be sent for half a second is refused as `unavailable`.
 */
export class CommitQueue {
  readonly #send: (group: readonly EncodedTxn[]) => Promise<GroupReply>;
  readonly #maxGroupsInFlight: () => number;
  #waiting: Pending[] = [];
  #pendingTxns = 0;
  #pendingBytes = 0;
  #groupsInFlight = 0;
  #scheduled = false;

  constructor(maxGroupsInFlight: () => number, send: (group: readonly EncodedTxn[]) => Promise<GroupReply>) {
    this.#maxGroupsInFlight = maxGroupsInFlight;
    this.#send = send;
  }

  commit(txn: Txn): Promise<CommitResult> {
    const { guard, frame } = encodeTxn(txn);
    const bytes = guard.length + frame.length;
    if (this.#pendingTxns >= MAX_PENDING_TXNS || this.#pendingBytes + bytes > MAX_PENDING_BYTES) {
      return Promise.reject(new StoreError('overloaded', 'too many commits are waiting for Redis'));
    }
    this.#pendingTxns += 1;
    this.#pendingBytes += bytes;
    return new Promise((resolve, reject) => {
      const steps = stepsOf(txn);
      this.#waiting.push({
        guard,
        frame,
        txn,
        bytes,
        steps,
        sinceMs: systemClock.monotonic(),
        resolve,
        reject,
      });
      if (this.#scheduled) return;
      this.#scheduled = true;
      setImmediate(() => {
        this.#scheduled = false;
        this.#flush();
      });
    });
  }

  /** Refuses everything that has not been sent. */
  refuse(error: StoreError): void {
    for (const pending of this.#waiting.splice(0)) {
      this.#settled(pending);
      pending.reject(error);
    }
  }

  #flush(): void {
    while (this.#groupsInFlight < this.#maxGroupsInFlight() && this.#waiting.length > 0) {
      const group = this.#nextGroup();
      if (group.length > 0) void this.#exchange(group);
    }
  }

  #nextGroup(): Pending[] {
    const oldestMs = systemClock.monotonic() - MAX_WAIT_MS;
    const group: Pending[] = [];
    let bytes = 0;
    let steps = 0;
    let taken = 0;
    for (const pending of this.#waiting) {
      bytes += pending.bytes;
      steps += pending.steps;
      const isFull = group.length === GROUP_TXNS || bytes > GROUP_BYTES || steps > GROUP_STEPS;
      if (isFull && group.length > 0) break;
      taken += 1;
      if (pending.sinceMs < oldestMs) {
        this.#settled(pending);
        pending.reject(
          new StoreError('unavailable', 'Redis is too slow: the commit could not be sent in time'),
        );
        continue;
      }
      group.push(pending);
    }
    this.#waiting.splice(0, taken);
    return group;
  }

  async #exchange(group: readonly Pending[]): Promise<void> {
    this.#groupsInFlight += 1;
    try {
      settle(group, await this.#send(group));
    } catch (error) {
      for (const pending of group) pending.reject(error);
    } finally {
      this.#groupsInFlight -= 1;
      for (const pending of group) this.#settled(pending);
      this.#flush();
    }
  }

  #settled(pending: Pending): void {
    this.#pendingTxns -= 1;
    this.#pendingBytes -= pending.bytes;
  }
}

function stepsOf({ compares, puts, deletes, touches, grants, revokes }: Txn): number {
  return compares.length + puts.length + deletes.length + touches.length + grants.length + revokes.length;
}

function settle(group: readonly Pending[], reply: GroupReply): void {
  let revision = reply.base;
  group.forEach((pending, index) => {
    const failed = reply.failedCompares[index];
    const compare = failed === undefined ? undefined : pending.txn.compares[failed - 1];
    if (failed === 0) pending.resolve({ outcome: 'applied', revision: ++revision });
    else if (compare !== undefined) pending.resolve({ outcome: 'conflict', compare });
    else pending.reject(new StoreError('unknown_outcome', 'Redis gave no verdict on a transaction'));
  });
}
