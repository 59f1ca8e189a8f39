import type { Check } from './catalog.ts';
import { checkKey, joinKey, nodeKey, splitKey } from './ids.ts';
import type { State } from './state.ts';

/** What happens when a lease runs out. */
export type LeaseKind =
  /** A heartbeat is missing: the check turns critical, or its instance is evicted. */
  | 'check'
  /** A check has been critical for its whole `deregisterAfterMs`: its instance goes. */
  | 'deregister';

export interface LeaseRef {
  readonly kind: LeaseKind;
  readonly node: string;
  readonly checkId: string;
}

/** Name of the lease that a check's heartbeats renew. */
export function checkLease(node: string, checkId: string): string {
  return joinKey('check', nodeKey(node), checkId);
}

/** Name of the lease that counts down while a check stays critical. */
export function deregisterLease(node: string, checkId: string): string {
  return joinKey('deregister', nodeKey(node), checkId);
}

/** What a lease's name says; undefined for a name of another format. */
export function parseLease(lease: string): LeaseRef | undefined {
  const [kind, node, checkId] = splitKey(lease);
  if ((kind !== 'check' && kind !== 'deregister') || node === undefined || checkId === undefined)
    return undefined;
  return { kind, node, checkId };
}

/** Time to live of a check's heartbeat lease; undefined when it has none. */
export function heartbeatTtlMs(check: Check): number | undefined {
  return check.source.kind === 'ttl' || check.source.kind === 'lease' ? check.source.ttlMs : undefined;
}

/** The leases a check in this status holds, with their time to live. */
export function leasesOf(check: Check): { lease: string; ttlMs: number }[] {
  const leases: { lease: string; ttlMs: number }[] = [];
  const ttlMs = heartbeatTtlMs(check);
  if (ttlMs !== undefined) leases.push({ lease: checkLease(check.node, check.id), ttlMs });
  if (check.deregisterAfterMs > 0 && check.status === 'critical' && check.instanceId !== '') {
    leases.push({ lease: deregisterLease(check.node, check.id), ttlMs: check.deregisterAfterMs });
  }
  return leases;
}

/**
 * How long a lease that is due must still be spared; 0 or less when it has run out.
 *
 * Nobody could renew during an outage, so after one every lease has its whole time to live again. `clock` is the
 * lease clock, in ms.
 */
export function graceMs(state: State, lease: string, clock: { nowMs: number; resumedAtMs: number }): number {
  const ref = parseLease(lease);
  const check = ref && state.checks.get(checkKey(ref.node, ref.checkId));
  const held = check && leasesOf(check).find((each) => each.lease === lease);
  return held === undefined ? 0 : clock.resumedAtMs + held.ttlMs - clock.nowMs;
}
