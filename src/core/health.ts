import type { Check, CheckStatus } from './catalog.ts';
import { Drafting, type Decision } from './draft.ts';
import { RollcallError } from './errors.ts';
import { checkKey } from './ids.ts';
import { checkLease, deregisterLease, heartbeatTtlMs, parseLease } from './lease.ts';
import type { State } from './state.ts';
import { topics } from './topics.ts';
import { draftDeregisterInstance } from './catalog-rules.ts';

const SEVERITY: Readonly<Record<CheckStatus, number>> = { passing: 0, warning: 1, critical: 2 };

/** The worst status of some checks; no checks means passing. */
export function worstStatus(checks: Iterable<Check>): CheckStatus {
  let worst: CheckStatus = 'passing';
  for (const check of checks) if (SEVERITY[check.status] > SEVERITY[worst]) worst = check.status;
  return worst;
}

/**
 * Whether a critical check means that somebody took its node or instance out of use on purpose.
 *
 * Known by the check ids that Consul reserves for it.
 */
export function isMaintenance({ id }: Check): boolean {
  return id === '_node_maintenance' || id.startsWith('_service_maintenance:');
}

/** A status reported for a check, by a heartbeat, a probe or somebody outside. */
export interface StatusReport {
  readonly node: string;
  readonly checkId: string;
  readonly status: CheckStatus;
  readonly output: string;
  /** Write a changed output even when the status stays; otherwise it waits for the next change. */
  readonly writeOutput: boolean;
}

/**
 * Decides what a reported status changes; nothing when the check already has it.
 *
 * Throws `check_not_found`.
 */
export function decideStatus(state: State, report: StatusReport): Decision<void> {
  const check = state.checks.get(checkKey(report.node, report.checkId));
  if (check === undefined) throw new RollcallError('check_not_found', `Unknown check "${report.checkId}"`);
  const draft = new Drafting(state);
  const changed = check.status !== report.status;
  if (changed || (report.writeOutput && check.output !== report.output)) {
    draftStatus(draft, check, report.status, report.output);
  }
  return { draft: draft.build(), result: undefined };
}

/** Drafts a check's new status and starts or ends the leases that follow from it. */
export function draftStatus(draft: Drafting, held: Check, status: CheckStatus, output: string): void {
  const check = withoutRevisions(held);
  draft.put('check', { ...check, status, output });
  const heartbeat = heartbeatTtlMs(check);
  if (heartbeat !== undefined) draft.grant(checkLease(check.node, check.id), heartbeat);
  if (check.deregisterAfterMs === 0 || check.instanceId === '') return;
  const countdown = deregisterLease(check.node, check.id);
  if (status !== 'critical') draft.revoke(countdown);
  else if (held.status !== 'critical') draft.grant(countdown, check.deregisterAfterMs);
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

/** Decides what the end of a lease does; nothing when the record it belonged to is gone. */
export function decideExpiry(
  state: State,
  lease: string,
): Decision<'critical' | 'evicted' | 'deregistered' | 'stale'> {
  const draft = new Drafting(state);
  draft.requireLeaseDue(lease);
  draft.revoke(lease);
  const ref = parseLease(lease);
  const check = ref && state.checks.get(checkKey(ref.node, ref.checkId));
  if (
    ref === undefined ||
    check === undefined ||
    (ref.kind === 'deregister' && check.status !== 'critical')
  ) {
    // A view that is behind does not know what the lease is for, and must not end it.
    if (ref !== undefined) draft.requireTopic(topics.node(ref.node));
    return { draft: draft.build(), result: 'stale' };
  }
  if (ref.kind === 'deregister') {
    draftDeregisterInstance(draft, state, check.node, check.instanceId);
    return { draft: draft.build(), result: 'deregistered' };
  }
  if (check.source.kind === 'lease' && check.instanceId !== '') {
    draftDeregisterInstance(draft, state, check.node, check.instanceId);
    return { draft: draft.build(), result: 'evicted' };
  }
  draftStatus(draft, check, 'critical', expiredOutput(check));
  draft.revoke(lease);
  return { draft: draft.build(), result: 'critical' };
}

const EXPIRED = 'TTL expired';

function expiredOutput(check: Check): string {
  if (check.output.startsWith(EXPIRED)) return check.output;
  return check.output === '' ? EXPIRED : `${EXPIRED} (last output before timeout follows): ${check.output}`;
}

function withoutRevisions(check: Check): Check {
  const {
    createRevision: _create,
    modifyRevision: _modify,
    ...value
  } = check as Check & {
    createRevision?: number;
    modifyRevision?: number;
  };
  return value;
}
