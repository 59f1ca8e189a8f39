import type { KvPair } from './catalog.ts';
import type { Drafting } from './draft.ts';
import { deepEqual } from './equal.ts';
import type { Revision } from './ids.ts';

/**
 * The fencing token of a held lock: the revision at which it was acquired, larger than all before it.
 *
 * Unlike the lock index it survives that the key is deleted, or written without its session. Undefined where the key
 * is not held.
 */
export function fenceIndexOf(pair: KvPair & { readonly modifyRevision: Revision }): Revision | undefined {
  return pair.session === undefined ? undefined : (pair.fence ?? pair.modifyRevision);
}

/** Drafts another write of a key that stays held, with its fencing token; nothing where nothing changes. */
export function draftHeldPut(draft: Drafting, held: KvPair, next: Omit<KvPair, 'fence'>): void {
  if (deepEqual({ ...next, fence: held.fence }, held)) return;
  const since = held.fence ?? draft.revisionsOf('kv', held.key)?.modifyRevision ?? 0;
  // Where this very draft acquired it, the record's own revision will tell.
  draft.put('kv', since === 0 ? next : { ...next, fence: since });
}
