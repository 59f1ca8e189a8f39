import type { KvPair } from './catalog.ts';
import { Drafting, type Decision } from './draft.ts';
import type { Revision } from './ids.ts';
import { draftHeldPut } from './lock-fence.ts';
import { compareUtf8 } from './sorted-map.ts';
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
  const result = draftKvPut(draft, put);
  return { draft: draft.build(), result };
}

/** Drafts a write; false where its condition does not hold. */
export function draftKvPut(draft: Drafting, { key, value, flags, expectedRevision }: KvPut): boolean {
  if (expectedRevision !== undefined && !draft.isAt('kv', key, expectedRevision)) return false;
  const isHeld = draft.peek('kv', key)?.session !== undefined;
  const held = isHeld ? draft.get('kv', key) : undefined;
  // Compat(consul): a write without a session leaves a lock with its holder and sets its lock index to 0.
  if (held?.session === undefined) draft.put('kv', { key, value, flags, lockIndex: 0 });
  else draftHeldPut(draft, held, { key, value, flags, lockIndex: 0, session: held.session });
  draft.delete('tombstone', key);
  return true;
}

/**
 * Decides a removal; the result says whether its condition held.
 *
 * Compat(consul): deleting an absent key succeeds whatever the condition, and a condition of 0 never
 * holds for a key that exists.
 */
export function decideKvDelete(state: State, key: string, expectedRevision?: Revision): Decision<boolean> {
  const draft = new Drafting(state);
  if (!state.kv.has(key)) return { draft: draft.build(), result: true };
  if (expectedRevision !== undefined && !draft.isAt('kv', key, expectedRevision))
    return { draft: draft.build(), result: false };
  draftKvDelete(draft, key);
  return { draft: draft.build(), result: true };
}

/** Drafts the removal of a key; an absent one is fine. */
export function draftKvDelete(draft: Drafting, key: string): void {
  if (draft.peek('kv', key) === undefined) return;
  draft.delete('kv', key);
  draft.put('tombstone', { key });
}

/** Decides the removal of every key that begins with `prefix`. */
export function decideKvDeleteTree(state: State, prefix: string): Decision<void> {
  const draft = new Drafting(state);
  draftKvDeleteTree(draft, state, prefix);
  return { draft: draft.build(), result: undefined };
}

/** Drafts the removal of every key that begins with `prefix`. */
export function draftKvDeleteTree(draft: Drafting, state: State, prefix: string): void {
  const keys = pairsUnder(draft, state, prefix).map(({ key }) => key);
  for (const key of keys) draftKvDelete(draft, key);
  if (keys.length > 0) draft.requireTopic(topics.kvSegment(prefix));
}

/** Every key that begins with `prefix` as a draft leaves it, in byte order. */
export function pairsUnder(draft: Drafting, state: State, prefix: string): KvPair[] {
  const pairs = draft.among('kv', state.kv.withPrefix(prefix), ({ key }) => key.startsWith(prefix));
  return [...pairs.values()].sort((a, b) => compareUtf8(a.key, b.key));
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
