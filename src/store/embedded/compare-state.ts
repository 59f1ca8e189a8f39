import { Bins, LeaseTable, type Revision } from '../../core/index.ts';
import type { Clock } from '../../platform/clock.ts';
import type { Disk } from './disk.ts';
import { decodeBinLease, modifyRevisionOf, nameOf, numberAt, PREFIX } from './disk-format.ts';
import { LeaseClock } from './lease-clock.ts';

/** What compares need, kept in memory: of a record only its revision. Changes only with the disk. */
export class CompareState {
  /** `modifyRevision` by disk key; none for a record that does not exist. */
  readonly records = new Map<string, Revision>();
  /** Revision of the last touch, by topic. */
  readonly topics = new Map<string, Revision>();
  readonly leases = new LeaseTable();
  /** The exception: changed as a group is planned, and changed back where that is not written. */
  readonly bins = new Bins();
  readonly leaseClock: LeaseClock;
  revision: Revision = 0;
  /** Topics last touched at or below this revision may be forgotten. */
  compactedTo: Revision = 0;
  /** False until the first `adopt` of a new directory. */
  initialised = false;

  constructor(clock: Clock) {
    this.leaseClock = new LeaseClock(clock);
  }

  /** Reads a directory just opened; the lease clock stood still since, and every lease has its full TTL. */
  async load(disk: Disk): Promise<void> {
    const held = await disk.state();
    if (held === undefined) return;
    this.initialised = true;
    this.revision = held.revision;
    this.compactedTo = held.compactedTo;
    this.leaseClock.start(held.leaseClockMs);
    for await (const entries of disk.scan(PREFIX.record)) {
      for (const [key, bytes] of entries) this.records.set(key, modifyRevisionOf(bytes));
    }
    for await (const entries of disk.scan(PREFIX.topic)) {
      for (const [key, bytes] of entries) this.topics.set(nameOf(key), numberAt(bytes, 0));
    }
    for await (const entries of disk.scan(PREFIX.lease)) {
      for (const [key, bytes] of entries)
        this.leases.grant(nameOf(key), held.leaseClockMs + numberAt(bytes, 0));
    }
    for await (const entries of disk.scan(PREFIX.bin)) {
      for (const [key, bytes] of entries) {
        const { ttlMs, ...lease } = decodeBinLease(key, bytes);
        this.bins.take({ ...lease, deadlineMs: held.leaseClockMs + ttlMs });
      }
    }
  }
}
