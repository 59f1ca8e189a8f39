export { aliasedStatus } from './alias.ts';
export * from './catalog.ts';
export * from './catalog-rules.ts';
export { isEmpty, Drafting, type Decision, type Draft, type DraftPut } from './draft.ts';
export { deepEqual } from './equal.ts';
export { ERROR_CODES, RollcallError, type ErrorCode } from './errors.ts';
export {
  decideExpiry,
  decideRegrant,
  decideStatus,
  isMaintenance,
  worstStatus,
  type StatusReport,
} from './health.ts';
export {
  checkKey,
  epochOf,
  EPOCH_SPAN,
  firstOfEpoch,
  instanceKey,
  joinKey,
  nodeKey,
  splitKey,
  type Revision,
} from './ids.ts';
export { decideKvDelete, decideKvDeleteTree, decideKvPut, decideKvReap, type KvPut } from './kv.ts';
export {
  checkLease,
  deregisterLease,
  graceMs,
  heartbeatTtlMs,
  leasesOf,
  parseLease,
  type LeaseKind,
  type LeaseRef,
} from './lease.ts';
export { memberOf } from './placement.ts';
export * from './query.ts';
export { TABLES, type StoredRecord, type Table } from './record.ts';
export { findNodeName, isSelected, type Selection } from './selection.ts';
export { compareUtf8, SortedMap } from './sorted-map.ts';
export { State, type Change, type StateCommit } from './state.ts';
export { topics } from './topics.ts';
export type { Commit, CommitResult, Compare, Delete, Grant, Put, Txn } from './txn.ts';
