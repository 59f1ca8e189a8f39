import { keyOf, type RecordValues } from './catalog.ts';
import { deepEqual } from './equal.ts';
import { Drafting, type Decision } from './draft.ts';
import { leasesOfRecord } from './lease.ts';
import type { Table } from './record.ts';
import type { State } from './state.ts';

/** A record as it stands in an archive: no revisions, for it gets those of its restore. */
export type ArchivedRecord = { [T in Table]: { readonly table: T; readonly value: RecordValues[T] } }[Table];

export interface RecordRef {
  readonly table: Table;
  readonly key: string;
}

/**
 * Decides to make records what an archive says, and to drop others.
 *
 * What is so already is left alone, so that doing it twice does it once. Leases start over with their full time to
 * live, and a deleted key leaves its mark, as always.
 */
export function decideRestore(
  state: State,
  records: readonly ArchivedRecord[],
  dropped: readonly RecordRef[],
): Decision<void> {
  const draft = new Drafting(state);
  for (const record of records) draftRecord(draft, state, record);
  for (const { table, key } of dropped) {
    const held = state.get(table, key);
    if (held === undefined) continue;
    for (const { lease } of leasesOfRecord(table, held)) draft.revoke(lease);
    if (table === 'kv') draft.put('tombstone', { key });
    draft.delete(table, key);
  }
  return { draft: draft.build(), result: undefined };
}

function draftRecord(draft: Drafting, state: State, record: ArchivedRecord): void {
  const { table, value } = record;
  const held = state.get(table, keyOf(table, value as never));
  const {
    createRevision: _create,
    modifyRevision: _modify,
    ...before
  } = held ?? { createRevision: 0, modifyRevision: 0 };
  if (deepEqual(before, value)) return;
  draft.put(table, value);
  if (table === 'kv') draft.delete('tombstone', value.key);
  for (const { lease } of held === undefined ? [] : leasesOfRecord(table, held)) draft.revoke(lease);
  for (const { lease, ttlMs } of leasesOfRecord(table, value as never)) draft.grant(lease, ttlMs);
}
