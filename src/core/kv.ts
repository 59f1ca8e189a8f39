import type { KvPair } from './catalog.ts';
import { Drafting, type Decision } from './draft.ts';
import type { Revision } from './ids.ts';
import type { State } from './state.ts';
import { topics } from './topics.ts';

export interface KvPut {
  readonly key: string;
  readonly value: Uint8Array;
  /** Unsigned 64-bit decimal digits. */
  readonly flags: string;
  /** Write only while the key's `modifyRevision` is this; 0 means: only create. */
  readonly expectedRevision?: Revision;
}

/** Decides a write; the result says whether its condition held. */
export function decideKvPut(state: State, put: KvPut): Decision<boolean> {
  const draft = new Drafting(state);
  const held = state.kv.get(put.key);
  if (put.expectedRevision !== undefined && put.expectedRevision !== (held?.modifyRevision ?? 0)) {
    return { draft: draft.build(), result: false };
  }
  const pair: KvPair = { key: put.key, value: put.value, flags: put.flags, lockIndex: 0 };
  draft.put('kv', held?.session === undefined ? pair : { ...pair, session: held.session });
  draft.delete('tombstone', put.key);
  return { draft: draft.build(), result: true };
}

/**
 * Decides a removal; the result says whether its condition held.
 *
 * Compat(consul): deleting an absent key succeeds whatever the condition, and a condition of 0 never
 * holds for a key that exists.
 */
export function decideKvDelete(state: State, key: string, expectedRevision?: Revision): Decision<boolean> {
  const draft = new Drafting(state);
  const held = state.kv.get(key);
  if (held !== undefined) {
    if (expectedRevision !== undefined && expectedRevision !== held.modifyRevision) {
      return { draft: draft.build(), result: false };
    }
    draftDelete(draft, key);
  }
  return { draft: draft.build(), result: true };
}

/** Decides the removal of every key that begins with `prefix`. */
export function decideKvDeleteTree(state: State, prefix: string): Decision<void> {
  const draft = new Drafting(state);
  let found = false;
  for (const [key] of state.kv.withPrefix(prefix)) {
    draftDelete(draft, key);
    found = true;
  }
  if (found) draft.requireTopic(topics.kvSegment(prefix));
  return { draft: draft.build(), result: undefined };
}

/**
 * Decides to forget that keys were deleted at or before a revision, at most `limit` of them; the result is how many.
 *
 * The index of a prefix may go back by that, as it does in Consul.
 */
export function decideKvReap(state: State, upTo: Revision, limit: number): Decision<number> {
  const draft = new Drafting(state);
  let reaped = 0;
  for (const { key, modifyRevision } of state.tombstones.values()) {
    if (reaped === limit) break;
    if (modifyRevision > upTo) continue;
    draft.delete('tombstone', key);
    reaped++;
  }
  return { draft: draft.build(), result: reaped };
}

function draftDelete(draft: Drafting, key: string): void {
  draft.delete('kv', key);
  draft.put('tombstone', { key });
}
