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

/** A setting that says, by its field `id`, which restore is under way. */
export interface RestorePromise {
  readonly setting: string;
  readonly id: string;
}

/**
 * Decides to make records what an archive says, and to drop others; whether the promise to do so still stands.
 *
 * Where it does not, another node has carried it out, and nothing changes: what was written since would be lost. What is
 * so already is left alone, so that doing it twice does it once. Leases start over with their full time to
 * live, and a deleted key leaves its mark, as always.
 */
export function decideRestore(
  state: State,
  promise: RestorePromise,
  records: readonly ArchivedRecord[],
  dropped: readonly RecordRef[],
): Decision<boolean> {
  const draft = new Drafting(state);
  const promised = state.settings.get(promise.setting)?.value as { readonly id?: unknown } | undefined;
  if (promised?.id !== promise.id) return { draft: draft.build(), result: false };
  draft.requireRecord('setting', promise.setting);
  for (const record of records) draftRecord(draft, state, record);
  for (const { table, key } of dropped) {
    const held = state.get(table, key);
    if (held === undefined) continue;
    for (const { lease } of leasesOfRecord(table, held)) draft.revoke(lease);
    if (table === 'kv') draft.put('tombstone', { key });
    draft.delete(table, key);
  }
  return { draft: draft.build(), result: true };
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
