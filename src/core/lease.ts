import type { Check, RecordValues } from './catalog.ts';
import { checkKey, joinKey, nodeKey, splitKey } from './ids.ts';
import type { Table } from './record.ts';
import { sessionLeaseMs, type LockDelay, type Session } from './session.ts';
import type { State } from './state.ts';

/** What a lease is for, that is, what happens when it runs out. */
export type LeaseRef =
  /** A heartbeat is missing: the check turns critical, or its instance is evicted. */
  | { readonly kind: 'check'; readonly node: string; readonly checkId: string }
  /** A check has been critical for its whole `deregisterAfterMs`: its instance goes. */
  | { readonly kind: 'deregister'; readonly node: string; readonly checkId: string }
  /** A session was not renewed: it ends, and its locks with it. */
  | { readonly kind: 'session'; readonly session: string }
  /** A key that was lost as a lock may be locked again. */
  | { readonly kind: 'lock-delay'; readonly key: string }
  /** Locks may be taken again after a change of epoch. */
  | { readonly kind: 'lock-hold' };

export type LeaseKind = LeaseRef['kind'];

interface HeldLease {
  readonly lease: string;
  readonly ttlMs: number;
}

/** Name of the lease that a check's heartbeats renew. */
export function checkLease(node: string, checkId: string): string {
  return joinKey('check', nodeKey(node), checkId);
}

/** Name of the lease that counts down while a check stays critical. */
export function deregisterLease(node: string, checkId: string): string {
  return joinKey('deregister', nodeKey(node), checkId);
}

/** Name of the lease that renewals of a session renew. */
export function sessionLease(id: string): string {
  return joinKey('session', id);
}

/** Name of the lease that counts down while a key may not be locked. */
export function lockDelayLease(key: string): string {
  return joinKey('lock-delay', key);
}

/** The lease that counts down while no key may be locked. */
export const LOCK_HOLD_LEASE = 'lock-hold';
export const LOCK_HOLD_MS = 15_000;

/** What a lease's name says; undefined for a name of another format. */
export function parseLease(lease: string): LeaseRef | undefined {
  const [kind, ...rest] = splitKey(lease);
  const [first, second] = rest;
  if (kind === LOCK_HOLD_LEASE) return { kind };
  if (first === undefined) return undefined;
  if (kind === 'session') return { kind, session: first };
  if (kind === 'lock-delay') return { kind, key: joinKey(first, ...rest.slice(1)) };
  if ((kind !== 'check' && kind !== 'deregister') || second === undefined) return undefined;
  return { kind, node: first, checkId: second };
}

/** Time to live of a check's heartbeat lease; undefined when it has none. */
export function heartbeatTtlMs(check: Check): number | undefined {
  return check.source.kind === 'ttl' || check.source.kind === 'lease' ? check.source.ttlMs : undefined;
}

/** The leases a check in this status holds, with their time to live. */
export function leasesOf(check: Check): HeldLease[] {
  const leases: HeldLease[] = [];
  const ttlMs = heartbeatTtlMs(check);
  if (ttlMs !== undefined) leases.push({ lease: checkLease(check.node, check.id), ttlMs });
  if (check.deregisterAfterMs > 0 && check.status === 'critical' && check.instanceId !== '') {
    leases.push({ lease: deregisterLease(check.node, check.id), ttlMs: check.deregisterAfterMs });
  }
  return leases;
}

/** The leases a record holds, with their time to live. */
export function leasesOfRecord<T extends Table>(table: T, value: RecordValues[T]): HeldLease[] {
  switch (table) {
    case 'check':
      return leasesOf(value as Check);
    case 'session': {
      const session = value as Session;
      return session.ttlMs === 0 ? [] : [{ lease: sessionLease(session.id), ttlMs: sessionLeaseMs(session) }];
    }
    case 'lock-delay': {
      const { key, delayMs } = value as LockDelay;
      return [{ lease: lockDelayLease(key), ttlMs: delayMs }];
    }
    default:
      return [];
  }
}

/**
 * How long a lease that is due must still be spared; 0 or less when it has run out.
 *
 * Nobody could renew during an outage, so after one every lease has its whole time to live again. `clock` is the
 * lease clock, in ms.
 */
export function graceMs(state: State, lease: string, clock: { nowMs: number; resumedAtMs: number }): number {
  const ttlMs = heldTtlMs(state, lease);
  return ttlMs === undefined ? 0 : clock.resumedAtMs + ttlMs - clock.nowMs;
}

function heldTtlMs(state: State, lease: string): number | undefined {
  const ref = parseLease(lease);
  if (ref === undefined) return undefined;
  if (ref.kind === 'lock-hold') return LOCK_HOLD_MS;
  return heldBy(state, ref).find((each) => each.lease === lease)?.ttlMs;
}

function heldBy(state: State, ref: Exclude<LeaseRef, { kind: 'lock-hold' }>): HeldLease[] {
  if (ref.kind === 'session') return leasesHeld(state, 'session', ref.session);
  if (ref.kind === 'lock-delay') return leasesHeld(state, 'lock-delay', ref.key);
  return leasesHeld(state, 'check', checkKey(ref.node, ref.checkId));
}

function leasesHeld(state: State, table: Table, key: string): HeldLease[] {
  const record = state.get(table, key);
  return record === undefined ? [] : leasesOfRecord(table, record);
}
