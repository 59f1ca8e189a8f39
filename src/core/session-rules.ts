import { Drafting, type Decision } from './draft.ts';
import { RollcallError } from './errors.ts';
import { checkKey, nodeKey } from './ids.ts';
import { sessionLease } from './lease.ts';
import { draftLoss } from './lock.ts';
import { requireName } from './names.ts';
import { draftSessionQueries } from './query-rules.ts';
import { sessionLeaseMs, type Session } from './session.ts';
import type { State } from './state.ts';
import { topics } from './topics.ts';

/**
 * Decides the creation of a session.
 *
 * Throws `invalid_request` for a name that is not text, `node_not_found`, `check_not_found`, and `check_critical`.
 */
export function decideSessionCreate(state: State, session: Session): Decision<void> {
  requireName('The session name', session.name);
  const draft = new Drafting(state);
  if (draft.get('node', nodeKey(session.node)) === undefined)
    throw new RollcallError('node_not_found', `Unknown node "${session.node}"`);
  draft.requireRecord('node', nodeKey(session.node));
  for (const id of session.checks) {
    const key = checkKey(session.node, id);
    const check = draft.get('check', key);
    if (check === undefined) throw new RollcallError('check_not_found', `Missing check '${id}' registration`);
    if (check.status === 'critical')
      throw new RollcallError('check_critical', `Check '${id}' is in critical state`);
    draft.requireRecord('check', key);
  }
  draft.put('session', session);
  draftLease(draft, session);
  return { draft: draft.build(), result: undefined };
}

/** Decides the end of a session; an absent one is fine. */
export function decideSessionDestroy(state: State, id: string): Decision<void> {
  const draft = new Drafting(state);
  const session = draft.get('session', id);
  if (session !== undefined) draftSessionEnd(draft, state, session);
  return { draft: draft.build(), result: undefined };
}

/** Decides to start a session's lease anew, where a store has lost it. Throws `session_not_found`. */
export function decideSessionRegrant(state: State, id: string): Decision<void> {
  const draft = new Drafting(state);
  const session = draft.get('session', id);
  if (session === undefined)
    throw new RollcallError('session_not_found', `invalid session ${JSON.stringify(id)}`);
  draft.requireRecord('session', id);
  draftLease(draft, session);
  return { draft: draft.build(), result: undefined };
}

/** Drafts the end of a session: its locks are released or their keys deleted, with a delay where it has one. */
export function draftSessionEnd(draft: Drafting, state: State, session: Session): void {
  const { id } = session;
  // Whoever takes a lock does not write the session, so an acquisition under way shows in the topic only.
  draft.requireTopic(topics.locks(id));
  draft.delete('session', id);
  draftSessionQueries(draft, state, id);
  draft.revoke(sessionLease(id));
  const held = draft.among('kv', state.keysHeldBy(id), (pair) => pair.session === id);
  for (const pair of held.values()) draftLoss(draft, pair, session);
}

/** Drafts the end of all sessions that rely on a check, as it turns critical or goes. */
export function draftCheckLoss(draft: Drafting, state: State, node: string, checkId: string): void {
  draft.requireTopic(topics.sessionsOn(node));
  const relying = state.sessionsRelyingOn(node, checkId).values();
  for (const { id } of relying) {
    const session = draft.get('session', id);
    if (session !== undefined) draftSessionEnd(draft, state, session);
  }
}

/** Drafts the end of all sessions on a node. */
export function draftNodeLoss(draft: Drafting, state: State, node: string): void {
  draft.requireTopic(topics.sessionsOn(node));
  for (const { id } of state.sessionsOn(node).values()) {
    const session = draft.get('session', id);
    if (session !== undefined) draftSessionEnd(draft, state, session);
  }
}

function draftLease(draft: Drafting, session: Session): void {
  if (session.ttlMs > 0) draft.grant(sessionLease(session.id), sessionLeaseMs(session));
}
