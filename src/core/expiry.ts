import { draftDeregisterInstance } from './catalog-rules.ts';
import { Drafting, type Decision } from './draft.ts';
import { draftStatus } from './health.ts';
import { checkKey } from './ids.ts';
import { parseLease, type LeaseRef } from './lease.ts';
import { draftLockHoldEnd } from './lock.ts';
import { draftSessionEnd } from './session-rules.ts';
import type { State } from './state.ts';
import { topics } from './topics.ts';

/** What the end of a lease did; `stale` where the record it belonged to is gone. */
export type ExpiryOutcome = 'critical' | 'evicted' | 'deregistered' | 'invalidated' | 'unlocked' | 'stale';

/** Decides what the end of a lease does; nothing when the record it belonged to is gone. */
export function decideExpiry(state: State, lease: string): Decision<ExpiryOutcome> {
  const { draft, result } = decideExpiries(state, [lease]);
  return { draft, result: result[0] ?? 'stale' };
}

/** As `decideExpiry` for several leases, all of them or none; the outcomes are in their order. */
export function decideExpiries(state: State, leases: readonly string[]): Decision<readonly ExpiryOutcome[]> {
  const draft = new Drafting(state);
  const result = leases.map((lease) => {
    draft.requireLeaseDue(lease);
    const ref = parseLease(lease);
    const outcome = ref === undefined ? 'stale' : draftExpiry(draft, state, ref);
    draft.revoke(lease);
    return outcome;
  });
  return { draft: draft.build(), result };
}

/** A view that is behind does not know what a lease is for, so each rule relies on what it has not found. */
function draftExpiry(draft: Drafting, state: State, ref: LeaseRef): ExpiryOutcome {
  switch (ref.kind) {
    case 'check':
    case 'deregister':
      return draftCheckExpiry(draft, state, ref);
    case 'session': {
      const session = draft.get('session', ref.session);
      draft.requireRecord('session', ref.session);
      if (session === undefined) return 'stale';
      draftSessionEnd(draft, state, session);
      return 'invalidated';
    }
    case 'lock-delay':
      draft.requireRecord('lock-delay', ref.key);
      draft.delete('lock-delay', ref.key);
      return 'unlocked';
    case 'lock-hold':
      draftLockHoldEnd(draft);
      return 'unlocked';
  }
}

function draftCheckExpiry(
  draft: Drafting,
  state: State,
  { kind, node, checkId }: Extract<LeaseRef, { checkId: string }>,
): ExpiryOutcome {
  const check = draft.get('check', checkKey(node, checkId));
  if (check === undefined || (kind === 'deregister' && check.status !== 'critical')) {
    draft.requireTopic(topics.node(node));
    return 'stale';
  }
  if (kind === 'deregister') {
    draftDeregisterInstance(draft, state, check.node, check.instanceId);
    return 'deregistered';
  }
  if (check.source.kind === 'lease' && check.instanceId !== '') {
    draftDeregisterInstance(draft, state, check.node, check.instanceId);
    return 'evicted';
  }
  draftStatus(draft, state, check, 'critical', expiredOutput(check.output));
  return 'critical';
}

const EXPIRED = 'TTL expired';

function expiredOutput(output: string): string {
  if (output.startsWith(EXPIRED)) return output;
  return output === '' ? EXPIRED : `${EXPIRED} (last output before timeout follows): ${output}`;
}
