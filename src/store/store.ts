import type { Revision } from '../core/index.ts';
import type { BinAnswer, BinRequest, StoredRecord } from '../core/index.ts';
import type { Commit, CommitResult, Txn } from '../core/index.ts';

/**
 * The port every store implements: it knows records, revisions, topics and leases, and none of the
 * registry's rules.
 *
 * Every verb settles within the store's own deadline (about a second) or rejects with a
 * `StoreError`; only `follow` runs until its signal aborts. One contract suite
 * (`test/store/contract.ts`) holds all implementations to what is written here.
 */
export interface Store {
  /** `redis` or `embedded`; shown on the ready line and in the status. */
  readonly kind: 'redis' | 'embedded';

  /** Connects or opens files; resolves once the first `adopt` can succeed, rejects with a `StoreError`. */
  open(): Promise<void>;

  /** Releases sockets, files and timers; open calls reject with `closed`. Idempotent. */
  close(): Promise<void>;

  /**
   * Makes sure this store continues the history the caller has seen.
   *
   * Where the store is another one than the epoch was opened on (failover, restart, older data), or
   * its revision is below `witnessed`, the next epoch is opened; whoever asks first opens it, and
   * the rest find it open. Must be called once before the first commit and after `epoch_changed`.
   */
  adopt(witnessed: Revision): Promise<Adoption>;

  /**
   * Applies a transaction atomically, or reports the first compare that did not hold.
   *
   * Concurrent calls are grouped; each succeeds or fails alone. Rejects with `epoch_changed`,
   * `unavailable` or `overloaded` when nothing was applied, with `unknown_outcome` when that cannot
   * be told.
   */
  commit(txn: Txn): Promise<CommitResult>;

  /** The store's revision now: what any node acknowledged before this call is at or below it. */
  revision(): Promise<Revision>;

  /** The same at once, of a store that is in this process; a store that must be asked leaves it out. */
  revisionHere?(): Revision;

  /** As `revision`, but proved by a write, so that a deposed primary cannot answer. */
  barrier(): Promise<Revision>;

  /**
   * All records and topics, scanned while writes go on: a fuzzy picture that becomes exact once the
   * commits after `base` are replayed over it. A record or topic in it may be newer than `base`.
   * Iterating throws when the signal aborts, so a part is never taken for the whole.
   */
  snapshot(signal: AbortSignal): Promise<Snapshot>;

  /**
   * All commits after a revision, in order, for ever; ends when `signal` aborts.
   *
   * Yields an empty batch at least every two seconds while the store is alive and has no news.
   * Throws `gap` when the history no longer holds what follows `after` or another epoch has begun:
   * the caller then adopts and takes a new snapshot. Throws `unavailable` when the store is silent.
   */
  follow(after: Revision, signal: AbortSignal): AsyncIterable<readonly Commit[]>;

  /**
   * Pushes deadlines of existing leases to now + `ttlMs` on the lease clock, never backwards.
   *
   * A time to live counts from where a sweep at this moment would set the clock. Answers, in order,
   * whether each lease exists. An unknown lease stays unknown.
   */
  renew(renewals: readonly Renewal[]): Promise<readonly boolean[]>;

  /**
   * Advances the lease clock and lists leases whose deadline has passed, oldest first.
   *
   * The clock is logical: it moves by the store's time since the last sweep by anyone, but at most
   * `SWEEP_CLAMP_MS`, so the store's downtime, the sweepers' downtime and clock jumps expire nobody.
   * One sweeper leads at a time; the others get `leader: false` and an empty list, and take over
   * once the leader has not swept for `SWEEP_CLAMP_MS`.
   */
  sweep(request: SweepRequest): Promise<Sweep>;

  /**
   * Takes a place in the first bin that has room, or renews it, atomically and in one exchange.
   *
   * A lease's time runs on the lease clock and ends with the sweep that passes its deadline. Loads count
   * leases exactly, as of the last sweep. Asking again for the same lease after an unknown outcome is safe: it is counted once.
   */
  acquire(request: BinRequest): Promise<BinAnswer>;

  /** Gives a place back; answers whether the lease was held. */
  release(pool: string, lease: string): Promise<boolean>;

  /**
   * Forgets history and topics up to a revision; followers that are behind it get `gap`, and a topic
   * compare below it conflicts.
   */
  compact(upTo: Revision): Promise<void>;

  /** Whether the store answered lately, without asking it. */
  status(): StoreStatus;

  /** What an operator wants to know of a store that is elsewhere, without asking it; undefined until `open`. */
  details?(): StoreDetails | undefined;

  /**
   * Has another server of the store take over, losing nothing that was acknowledged; within about 40 seconds.
   *
   * Writes wait or are refused meanwhile. Rejects with `unavailable` where it cannot be done; then all
   * stays as it was.
   */
  failover?(): Promise<FailoverReport>;
}

/** Most the lease clock moves in one sweep; a longer silence counts as an outage. */
export const SWEEP_CLAMP_MS = 1000;

export interface Adoption {
  readonly revision: Revision;
  readonly epoch: number;
  /** This call opened the epoch. */
  readonly opened: boolean;
  /** Revisions that the caller has witnessed and the store did not have: acknowledged writes lost. */
  readonly lost: number;
  /** The store held nothing at all before this call. */
  readonly fresh: boolean;
}

export interface Snapshot {
  readonly base: Revision;
  readonly items: AsyncIterable<readonly SnapshotItem[]>;
}

export type SnapshotItem =
  | { readonly kind: 'record'; readonly record: StoredRecord }
  | { readonly kind: 'topic'; readonly topic: string; readonly revision: Revision }
  /** Topics last touched up to here may have been forgotten; comes after all topics. */
  | { readonly kind: 'compacted'; readonly revision: Revision };

export interface Renewal {
  readonly lease: string;
  readonly ttlMs: number;
}

export interface SweepRequest {
  /** Who sweeps: the registry node's id. */
  readonly sweeper: string;
  /** Most due leases to list. */
  readonly limit: number;
}

export interface Sweep {
  readonly leader: boolean;
  /** The lease clock, in ms; starts at 0 with the store. */
  readonly nowMs: number;
  /** Where the lease clock stood when it last resumed after an outage or a change of epoch. */
  readonly resumedAtMs: number;
  readonly due: readonly string[];
}

export interface StoreStatus {
  readonly available: boolean;
  /** Ms since the store last answered anything; 0 for a store in this process. */
  readonly silentMs: number;
}

export interface StoreDetails {
  readonly topology: 'single' | 'sentinel' | 'cluster';
  /** `host:port`; undefined while nobody knows. */
  readonly primary: string | undefined;
  readonly knownReplicas: number;
  readonly liveReplicas: number;
  /** Whether a failover is noticed by the server's own identity, and not only by what is missing. */
  readonly fenced: boolean;
  /** Settings of the server that weaken what the registry promises. */
  readonly advice: readonly Advice[];
}

/** A setting that should be another one. */
export interface Advice {
  readonly setting: string;
  readonly value: string;
  readonly should: string;
  readonly because: string;
}

export interface FailoverReport {
  /** `host:port` of the old and of the new primary. */
  readonly from: string;
  readonly to: string;
  readonly withoutWritesMs: number;
}

export type StoreErrorCode =
  /** Nothing was applied: the store belongs to another epoch; `adopt` first. */
  | 'epoch_changed'
  /** Nothing was applied: the store cannot be reached, is read-only, full, loading or too slow. */
  | 'unavailable'
  /** Nothing was applied: too many commits are waiting. */
  | 'overloaded'
  /** The request was sent and its reply was lost. */
  | 'unknown_outcome'
  /** `follow` cannot continue from that revision. */
  | 'gap'
  /** The store was closed. */
  | 'closed';

/** A store's failure, by code; `message` is for logs and never holds a record's value. */
export class StoreError extends Error {
  readonly code: StoreErrorCode;

  constructor(code: StoreErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'StoreError';
    this.code = code;
  }
}
