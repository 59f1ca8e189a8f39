import type { KvOperation, BatchRecord } from './batch-types.ts';
import type { KvPair } from './catalog.ts';
import type { Drafting } from './draft.ts';
import { RollcallError } from './errors.ts';
import { draftKvDelete, draftKvDeleteTree, draftKvPut, pairsUnder } from './kv.ts';
import { draftAcquire, draftRelease, isDelayed } from './lock.ts';
import type { State } from './state.ts';
import { topics } from './topics.ts';

const EMPTY = new Uint8Array(0);

/** Refuses an operation that is wrong in itself, or a lock that nobody may take yet. Throws its refusal. */
export function precheckKvOperation(draft: Drafting, state: State, { verb, key }: KvOperation): void {
  if (key === '' && verb !== 'delete-tree') throw new RollcallError('invalid_request', 'Must provide key');
  if (verb === 'lock' && isDelayed(draft, state, key))
    throw failed(`failed to lock key ${quoted(key)} due to lock delay`);
}

/** Drafts an operation and answers what it shows. Throws its refusal. */
export function applyKvOperation(draft: Drafting, state: State, operation: KvOperation): BatchRecord[] {
  const { verb, key } = operation;
  draft.requireRecord('kv', key);
  switch (verb) {
    case 'set':
    case 'cas':
      if (!draftKvPut(draft, { ...operation, ...condition(operation) }))
        throw failed(`failed to set key ${quoted(key)}, index is stale`);
      return [written(draft, key)];
    case 'lock':
    case 'unlock':
      return lockOrUnlock(draft, state, operation);
    case 'delete':
      draftKvDelete(draft, key);
      return [];
    case 'delete-cas':
      if (draft.get('kv', key) !== undefined && !isAt(draft, operation))
        throw failed(`failed to delete key ${quoted(key)}, index is stale`);
      draftKvDelete(draft, key);
      return [];
    case 'delete-tree':
      draftKvDeleteTree(draft, state, key);
      return [];
    case 'get':
    case 'get-or-empty':
    case 'get-tree':
      return read(draft, state, operation);
    case 'check-index':
    case 'check-session':
    case 'check-not-exists':
      requireAsTold(draft, state, operation);
      return [];
    default:
      throw new RollcallError('invalid_request', `unknown KV operation: ${verb}`);
  }
}

function lockOrUnlock(draft: Drafting, state: State, operation: KvOperation): BatchRecord[] {
  const { verb, key, session } = operation;
  if (session === '') throw new RollcallError('invalid_request', 'missing session');
  if (verb === 'unlock') {
    if (!draftRelease(draft, operation))
      throw failed(`failed to unlock key ${quoted(key)}, lock isn't held, or is held by another session`);
  } else if (draftAcquire(draft, state, operation) !== 'acquired') {
    throw failed(`failed to lock key ${quoted(key)}, lock is already held`);
  }
  return [written(draft, key)];
}

function read(draft: Drafting, state: State, { verb, key }: KvOperation): BatchRecord[] {
  if (verb === 'get-tree') {
    draft.requireTopic(topics.kvSegment(key));
    return pairsUnder(draft, state, key).map((pair) => recordOf(draft, pair));
  }
  const pair = draft.get('kv', key);
  if (pair !== undefined) return [recordOf(draft, pair)];
  if (verb === 'get') throw failed(`key ${quoted(key)} doesn't exist`);
  const nothing: KvPair = { key, value: EMPTY, flags: '0', lockIndex: 0 };
  return [{ kind: 'kv', pair: nothing, isAbsent: true, createRevision: 0, modifyRevision: 0 }];
}

function requireAsTold(draft: Drafting, state: State, operation: KvOperation): void {
  const { verb, key, session, revision } = operation;
  const pair = draft.get('kv', key);
  if (verb === 'check-not-exists') {
    if (pair !== undefined) throw failed(`key ${quoted(key)} exists`);
    return;
  }
  const what = verb === 'check-session' ? 'session' : 'index';
  if (pair === undefined) throw failed(`failed to check ${what}, key ${quoted(key)} doesn't exist`);
  if (verb === 'check-session') {
    const held = pair.session ?? '';
    if (held === session) return;
    throw failed(
      `failed session check for key ${quoted(key)}, current session ${quoted(held)} != ${quoted(session)}`,
    );
  }
  if (isAt(draft, operation)) return;
  // A revision of this batch is not known yet; the next one is the best guess.
  const current = draft.revisionsOf('kv', key)?.modifyRevision || state.revision + 1;
  throw failed(
    `failed index check for key ${quoted(key)}, current modify index ${String(current)} != ${String(revision)}`,
  );
}

function condition({ verb, revision }: KvOperation): { expectedRevision?: number } {
  return verb === 'cas' ? { expectedRevision: revision } : {};
}

function isAt(draft: Drafting, { key, revision }: KvOperation): boolean {
  return draft.isAt('kv', key, revision);
}

/** What a write answers: the key without its value. */
function written(draft: Drafting, key: string): BatchRecord {
  const pair = draft.get('kv', key);
  if (pair === undefined) throw new RollcallError('internal');
  return recordOf(draft, { ...pair, value: EMPTY });
}

function recordOf(draft: Drafting, pair: KvPair): BatchRecord {
  const { createRevision = 0, modifyRevision = 0 } = draft.revisionsOf('kv', pair.key) ?? {};
  return { kind: 'kv', pair, createRevision, modifyRevision };
}

function failed(message: string): RollcallError {
  return new RollcallError('condition_failed', message);
}

function quoted(text: string): string {
  return JSON.stringify(text);
}
