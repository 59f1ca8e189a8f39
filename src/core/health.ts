import type { Check, CheckStatus } from './catalog.ts';
import { Drafting, withoutRevisions, type Decision } from './draft.ts';
import { RollcallError } from './errors.ts';
import { checkKey, type Revision } from './ids.ts';
import { checkLease, deregisterLease, heartbeatTtlMs } from './lease.ts';
import { draftCheckLoss } from './session-rules.ts';
import type { State } from './state.ts';

/** A status reported for a check, by a heartbeat, a probe or somebody outside. */
export interface StatusReport {
  readonly node: string;
  readonly checkId: string;
  readonly status: CheckStatus;
  readonly output: string;
  /** Take the report only while the topic has not moved since it was begun; default: at any time. */
  readonly fence?: { readonly topic: string; readonly revision: Revision };
  /** Write a changed output even when the status stays; otherwise it waits for the next change. */
  readonly writeOutput: boolean;
}

/**
 * Decides what a reported status changes; nothing when the check already has it.
 *
 * Throws `check_not_found`, and `aborted` where the report's fence has been passed.
 */
export function decideStatus(state: State, report: StatusReport): Decision<void> {
  const check = state.checks.get(checkKey(report.node, report.checkId));
  if (check === undefined) throw new RollcallError('check_not_found', `Unknown check "${report.checkId}"`);
  const draft = new Drafting(state);
  if (report.fence !== undefined) {
    const { topic, revision } = report.fence;
    if (state.topic(topic) !== revision)
      throw new RollcallError('aborted', 'The report is from another time');
    draft.requireTopic(topic);
  }
  const changed = check.status !== report.status;
  if (changed || (report.writeOutput && check.output !== report.output)) {
    draftStatus(draft, state, withoutRevisions<'check'>(check), report.status, report.output);
  }
  return { draft: draft.build(), result: undefined };
}

/** Drafts a check's new status, starts or ends the leases that follow from it, and ends sessions. */
export function draftStatus(
  draft: Drafting,
  state: State,
  check: Check,
  status: CheckStatus,
  output: string,
): void {
  draft.put('check', { ...check, status, output });
  const turnsCritical = status === 'critical' && check.status !== 'critical';
  if (turnsCritical) draftCheckLoss(draft, state, check.node, check.id);
  const heartbeat = heartbeatTtlMs(check);
  if (heartbeat !== undefined) draft.grant(checkLease(check.node, check.id), heartbeat);
  if (check.deregisterAfterMs === 0 || check.instanceId === '') return;
  const countdown = deregisterLease(check.node, check.id);
  if (status !== 'critical') draft.revoke(countdown);
  else if (turnsCritical) draft.grant(countdown, check.deregisterAfterMs);
}

/** Decides to start a check's heartbeat lease anew, where a store has lost it. */
export function decideRegrant(state: State, node: string, checkId: string): Decision<void> {
  const check = state.checks.get(checkKey(node, checkId));
  const ttlMs = check && heartbeatTtlMs(check);
  if (ttlMs === undefined) throw new RollcallError('check_not_found', `Unknown check "${checkId}"`);
  const draft = new Drafting(state);
  draft.grant(checkLease(node, checkId), ttlMs);
  return { draft: draft.build(), result: undefined };
}
