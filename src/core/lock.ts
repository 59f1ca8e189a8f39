import type { KvPair } from './catalog.ts';
import { Drafting, type Decision } from './draft.ts';
import { RollcallError } from './errors.ts';
import { epochOf, type Revision } from './ids.ts';
import { draftKvDelete } from './kv.ts';
import { draftHeldPut } from './lock-fence.ts';
import { LOCK_HOLD_LEASE, LOCK_HOLD_MS, lockDelayLease } from './lease.ts';
import type { Session } from './session.ts';
import type { State } from './state.ts';

/** A key to be taken or given up as a lock by a session, with what it is to hold then. */
export interface LockPut {
  readonly key: string;
  readonly value: Uint8Array;
  /** Unsigned 64-bit decimal digits. */
  readonly flags: string;
  readonly session: string;
}

/** What became of an acquisition; `delayed` where nobody may take the lock yet. */
export type AcquireOutcome = 'acquired' | 'held' | 'delayed';

/** Longest a lock delay lasts, whatever a session asks for. */
const MAX_LOCK_DELAY_MS = 60_000;
/** Lock indexes of one epoch, so that those of the next begin above. */
const LOCK_INDEX_SPAN = 2 ** 20;
const LOCK_HOLD = 'lock-hold';

/** Since which epoch locks were lost sight of, and whether they may be taken again. */
interface LockHold {
  readonly epoch: number;
  readonly open: boolean;
}

export interface Acquisition {
  readonly outcome: AcquireOutcome;
  /** The lock's fencing token; 0 means the revision of the commit to come. */
  readonly fenceIndex: Revision;
}

/** Decides to take a key as a lock. Throws `session_not_found`. */
export function decideAcquire(state: State, put: LockPut): Decision<Acquisition> {
  const draft = new Drafting(state);
  const outcome = draftAcquire(draft, state, put);
  const fence = draft.get('kv', put.key)?.fence;
  const fenceIndex = fence ?? draft.revisionsOf('kv', put.key)?.modifyRevision ?? 0;
  return { draft: draft.build(), result: { outcome, fenceIndex } };
}

/** Decides to give up a lock; the result says whether the session held it. */
export function decideRelease(state: State, put: LockPut): Decision<boolean> {
  const draft = new Drafting(state);
  const result = draftRelease(draft, put);
  return { draft: draft.build(), result };
}

/**
 * Drafts taking a key as a lock, relying on the session to live and on nobody being told to wait.
 *
 * Throws `session_not_found`.
 */
export function draftAcquire(
  draft: Drafting,
  state: State,
  { key, value, flags, session }: LockPut,
): AcquireOutcome {
  if (isDelayed(draft, state, key)) return 'delayed';
  if (draft.get('session', session) === undefined)
    throw new RollcallError('session_not_found', `invalid session ${JSON.stringify(session)}`);
  draft.requireRecord('session', session);
  const held = draft.get('kv', key);
  if (held?.session !== undefined && held.session !== session) return 'held';
  if (held?.session === session) {
    draftHeldPut(draft, held, { key, value, flags, lockIndex: held.lockIndex, session });
    return 'acquired';
  }
  const least = epochOf(state.revision) * LOCK_INDEX_SPAN;
  const lockIndex = Math.max((held?.lockIndex ?? 0) + 1, least);
  draft.put('kv', { key, value, flags, lockIndex, session });
  draft.delete('tombstone', key);
  return 'acquired';
}

/** Drafts giving up a lock; false where the session does not hold it. */
export function draftRelease(draft: Drafting, { key, value, flags, session }: LockPut): boolean {
  const held = draft.get('kv', key);
  if (held?.session !== session) return false;
  draft.put('kv', { key, value, flags, lockIndex: held.lockIndex });
  return true;
}

/** Drafts what the end of a session does to a key it holds. */
export function draftLoss(draft: Drafting, pair: KvPair, { behavior, lockDelayMs }: Session): void {
  const { session: _session, fence: _fence, ...free } = pair;
  if (behavior === 'delete') draftKvDelete(draft, pair.key);
  else draft.put('kv', free);
  if (lockDelayMs <= 0) return;
  const delayMs = Math.min(lockDelayMs, MAX_LOCK_DELAY_MS);
  draft.put('lock-delay', { key: pair.key, delayMs });
  draft.grant(lockDelayLease(pair.key), delayMs);
}

/** Whether nobody may take the key for now, because it was lost as a lock or the epoch has just begun. */
export function isDelayed(draft: Drafting, state: State, key: string): boolean {
  // A node may be let into the next epoch before it has seen it, or that locks are held back there.
  draft.requireEpoch();
  draft.requireRecord('lock-delay', key);
  if (draft.get('lock-delay', key) !== undefined) return true;
  if (epochOf(state.revision) === 0) return false;
  draft.requireRecord('setting', LOCK_HOLD);
  const hold = holdOf(draft);
  return !(hold?.epoch === epochOf(state.revision) && hold.open);
}

/**
 * Decides to hold back acquisitions in an epoch that has just begun; nothing where that is done.
 *
 * Acknowledged acquisitions may be lost with the old epoch. Their holders learn of it at their next renewal, and
 * until then nobody else may take over.
 */
export function decideLockHold(state: State): Decision<void> {
  const draft = new Drafting(state);
  const epoch = epochOf(state.revision);
  if (epoch > 0 && holdOf(draft)?.epoch !== epoch) {
    draft.put('setting', { name: LOCK_HOLD, value: { epoch, open: false } });
    draft.grant(LOCK_HOLD_LEASE, LOCK_HOLD_MS);
  }
  return { draft: draft.build(), result: undefined };
}

/** Drafts that locks may be taken again. */
export function draftLockHoldEnd(draft: Drafting): void {
  const hold = holdOf(draft);
  draft.requireRecord('setting', LOCK_HOLD);
  if (hold !== undefined) draft.put('setting', { name: LOCK_HOLD, value: { ...hold, open: true } });
}

function holdOf(draft: Drafting): LockHold | undefined {
  return draft.get('setting', LOCK_HOLD)?.value as LockHold | undefined;
}
