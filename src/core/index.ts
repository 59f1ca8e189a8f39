export { decideBatch, isReadOnlyBatch } from './batch.ts';
export type {
  BatchOperation,
  BatchOutcome,
  BatchRecord,
  BatchRefusal,
  CatalogOperation,
  KvOperation,
} from './batch-types.ts';
export { aliasedStatus } from './alias.ts';
export { Bins, MAX_BIN_LEASES, MAX_BINS, type BinAnswer, type BinChange, type BinRequest } from './bins.ts';
export * from './catalog.ts';
export * from './catalog-rules.ts';
export { sortedByDistance } from './distance.ts';
export { isEmpty, type Decision, type Draft, type DraftPut } from './draft.ts';
export { deepEqual } from './equal.ts';
export { type UserEvent } from './event.ts';
export { decideFire, eventsAfterQuery } from './event-rules.ts';
export { EvictionBudget } from './eviction-budget.ts';
export { decideExpiries, decideExpiry, type ExpiryOutcome } from './expiry.ts';
export { ERROR_CODES, RollcallError, type ErrorCode } from './errors.ts';
export {
  compileFilter,
  FilterError,
  type Filter,
  type FilterField,
  type FilterSchema,
} from './filter/index.ts';
export { GroupIndex } from './group-index.ts';
export { isMaintenance, maintenanceCheckId, worstStatus } from './check-status.ts';
export { decideRegrant, decideStatus, type StatusReport } from './health.ts';
export {
  checkKey,
  epochOf,
  EPOCH_SPAN,
  firstOfEpoch,
  instanceKey,
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
  leasesOfRecord,
  parseLease,
  sessionLease,
  type LeaseKind,
  type LeaseRef,
} from './lease.ts';
export { LeaseTable } from './lease-table.ts';
export { decideAcquire, decideLockHold, decideRelease, type AcquireOutcome, type LockPut } from './lock.ts';
export { fenceIndexOf } from './lock-fence.ts';
export { memberOf, type RingMember } from './placement.ts';
export {
  DEFAULT_PROTECTION,
  endpointOf,
  isLastOfService,
  lossOf,
  populationOf,
  PROTECTION_SETTING,
  protectionOf,
  type Loss,
  type Protection,
  type ProtectionPolicy,
} from './protection.ts';
export type { PreparedQuery, QueryTarget, QueryTemplate } from './prepared-query.ts';
export * from './query.ts';
export { selectForQuery } from './query-execution.ts';
export { decideQueryDelete, decideQueryPut, findQuery, queriesQuery } from './query-rules.ts';
export { compileTemplate, type GroupMatcher, type Render } from './query-template.ts';
export { MEMBERSHIP_CHECK, REGISTRY_SERVICE, VERSION_META } from './registry-node.ts';
export { TABLES, type StoredRecord, type Table } from './record.ts';
export { decideSettingDelete, decideSettingPut, decideSettingsDelete } from './setting.ts';
export { decideRingPolicyDelete, decideRingPolicyPut, type PolicyCondition } from './ring-policy-rules.ts';
export { ringPolicyFrom } from './ring-policy-fields.ts';
export { DEFAULT_SERVICE_POLICY, ringPolicyKey, type ServicePolicy } from './ring-policy.ts';
export { requireArchivable } from './archivable.ts';
export { coordinateOf, coordinatesQuery, decideCoordinate, type NodeCoordinate } from './coordinate.ts';
export { decideRestore, type ArchivedRecord, type RecordRef, type RestorePromise } from './restore.ts';
export { findNodeName, isSelected, type Selection } from './selection.ts';
export {
  SESSION_TTL_MS,
  sessionLeaseMs,
  type LockDelay,
  type Session,
  type SessionBehavior,
} from './session.ts';
export { sessionQuery, sessionsOnQuery, sessionsQuery } from './session-queries.ts';
export { decideSessionCreate, decideSessionDestroy, decideSessionRegrant } from './session-rules.ts';
export { compareUtf8, SortedMap } from './sorted-map.ts';
export { State, type Change, type StateCommit } from './state.ts';
export { topics } from './topics.ts';
export type { Commit, CommitResult, Compare, Delete, Grant, Put, Txn } from './txn.ts';
