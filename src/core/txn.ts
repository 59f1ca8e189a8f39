import type { Revision } from './ids.ts';
import type { StoredRecord, Table } from './record.ts';

/** What a transaction relies on; it applies only while every one of these holds. */
export type Compare =
  /** The record's `modifyRevision` is still `revision`; 0 means the record is absent. */
  | { readonly kind: 'record'; readonly table: Table; readonly key: string; readonly revision: Revision }
  /** The topic has not been touched after `revision`; guards decisions about ranges. */
  | { readonly kind: 'topic'; readonly topic: string; readonly revision: Revision }
  /** The lease exists and its deadline has passed on the store's lease clock. */
  | { readonly kind: 'lease-due'; readonly lease: string }
  /** The store is in this epoch. */
  | { readonly kind: 'epoch'; readonly epoch: number };

/** Writes one record; `createRevision` 0 means "created by this commit". */
export interface Put {
  readonly table: Table;
  readonly key: string;
  readonly value: Uint8Array;
  readonly createRevision: Revision;
}

/** Removes one record; removing an absent one is not an error. */
export interface Delete {
  readonly table: Table;
  readonly key: string;
}

/** Starts or restarts a lease: its deadline becomes now + `ttlMs` on the store's lease clock. */
export interface Grant {
  readonly lease: string;
  readonly ttlMs: number;
}

/**
 * The only thing that changes a store: all of it applies at one revision, or none of it.
 *
 * `operation` is stored with the change, so that a writer that lost the reply can find out in the
 * stream whether it was applied.
 */
export interface Txn {
  readonly operation: string;
  readonly compares: readonly Compare[];
  readonly puts: readonly Put[];
  readonly deletes: readonly Delete[];
  readonly touches: readonly string[];
  readonly grants: readonly Grant[];
  readonly revokes: readonly string[];
}

/** What became of a transaction. Anything else, a store reports by throwing a `StoreError`. */
export type CommitResult =
  | { readonly outcome: 'applied'; readonly revision: Revision }
  /** `compare` is the first compare that did not hold. */
  | { readonly outcome: 'conflict'; readonly compare: Compare };

/** One applied transaction as followers see it. Leases are not part of the history. */
export interface Commit {
  readonly revision: Revision;
  readonly operation: string;
  readonly puts: readonly StoredRecord[];
  readonly deletes: readonly Delete[];
  readonly touches: readonly string[];
}
