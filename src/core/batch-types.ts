import type { Check, Instance, KvPair, Node } from './catalog.ts';
import type { CheckRegistration } from './catalog-rules.ts';
import type { ErrorCode } from './errors.ts';
import type { Revision } from './ids.ts';

/** One operation of a batch; `revision` is what conditional verbs compare with. */
export type BatchOperation = KvOperation | CatalogOperation;
export type CatalogOperation = NodeOperation | InstanceOperation | CheckOperation;

/**
 * `set`, `cas`, `delete`, `delete-cas`, `delete-tree`, `lock`, `unlock`, `get`, `get-or-empty`, `get-tree`,
 * `check-index`, `check-session` or `check-not-exists`; any other verb is refused.
 */
export interface KvOperation {
  readonly kind: 'kv';
  readonly verb: string;
  readonly key: string;
  readonly value: Uint8Array;
  readonly flags: string;
  readonly revision: Revision;
  /** '' where there is none. */
  readonly session: string;
}

/** `get`, `set`, `cas`, `delete` or `delete-cas`, as for instances and checks; any other verb is refused. */
export interface NodeOperation {
  readonly kind: 'node';
  readonly verb: string;
  readonly node: Node;
  readonly revision: Revision;
}

export interface InstanceOperation {
  readonly kind: 'instance';
  readonly verb: string;
  readonly instance: Instance;
  readonly revision: Revision;
}

export interface CheckOperation {
  readonly kind: 'check';
  readonly verb: string;
  readonly check: CheckRegistration;
  readonly revision: Revision;
}

/** What one operation answers; a revision of 0 is that of the batch itself. */
export type BatchRecord = Revisions &
  /** `isAbsent` where the key was looked for and is not there. */
  (
    | { readonly kind: 'kv'; readonly pair: KvPair; readonly isAbsent?: boolean }
    | { readonly kind: 'node'; readonly node: Node }
    | { readonly kind: 'instance'; readonly instance: Instance }
    | { readonly kind: 'check'; readonly check: Check; readonly instance: Instance | undefined }
  );

interface Revisions {
  readonly createRevision: Revision;
  readonly modifyRevision: Revision;
}

/** An operation that failed, by its position. */
export interface BatchRefusal {
  readonly index: number;
  readonly code: ErrorCode;
  readonly message: string;
}

export type BatchOutcome =
  | { readonly outcome: 'applied'; readonly records: readonly BatchRecord[] }
  | { readonly outcome: 'refused'; readonly refusals: readonly BatchRefusal[] };
