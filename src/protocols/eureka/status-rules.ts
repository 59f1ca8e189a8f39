import type { InstanceInfo, InstanceStatus } from './instance-info.ts';

interface StatusInputs {
  /** What the instance says of itself. */
  readonly own: InstanceStatus;
  /** What somebody else has set; `UNKNOWN` means nothing. */
  readonly override: InstanceStatus;
  /** What is registered now; left out for a new instance and for one that a peer replicates. */
  readonly existing?: InstanceStatus | undefined;
}

/** The status that wins, in Eureka's order of rules. */
export function resolveStatus({ own, override, existing }: StatusInputs): InstanceStatus {
  if (own !== 'UP' && own !== 'OUT_OF_SERVICE') return own;
  if (override !== 'UNKNOWN') return override;
  // Compat(eureka): an instance that registers OUT_OF_SERVICE while it is UP stays UP, and the other way round.
  if (existing === 'UP' || existing === 'OUT_OF_SERVICE') return existing;
  return own;
}

/** What becomes registered when an instance registers, anew or again. */
export function registered(
  held: InstanceInfo | undefined,
  submitted: InstanceInfo,
  { replicated, now }: { readonly replicated: boolean; readonly now: number },
): InstanceInfo {
  // Compat(eureka): an older registration keeps what is registered, and only renews it.
  const kept = held !== undefined && held.lastDirtyAt > submitted.lastDirtyAt ? held : submitted;
  const override =
    held === undefined || held.overriddenStatus === 'UNKNOWN'
      ? submitted.overriddenStatus
      : held.overriddenStatus;
  const existing = replicated ? undefined : held;
  const status = resolveStatus({ own: kept.status, override, existing: existing?.status });
  return {
    ...kept,
    status,
    ownStatus: resolveStatus({
      own: kept.ownStatus,
      override: 'UNKNOWN',
      existing: existing?.ownStatus,
    }),
    replicated,
    overriddenStatus: override,
    durationSeconds: submitted.durationSeconds,
    registeredAt: now,
    lastRenewedAt: now,
    serviceUpAt: upSince(held?.serviceUpAt ?? 0, status, now),
    lastUpdatedAt: now,
    actionType: 'ADDED',
  };
}

/** What a status set from outside leaves registered; the same value changes nothing. */
export function overridden(
  held: InstanceInfo,
  value: InstanceStatus,
  { dirtyAt, now }: Change,
): InstanceInfo {
  if (value === held.status) return held;
  const serviceUpAt = upSince(held.serviceUpAt, value, now);
  return { ...modified(held, { dirtyAt, now }), status: value, overriddenStatus: value, serviceUpAt };
}

/** What is registered once an override ends: `value`, or `UNKNOWN` until the instance registers again. */
export function released(held: InstanceInfo, value: InstanceStatus, change: Change): InstanceInfo {
  if (held.overriddenStatus === 'UNKNOWN') return held;
  return { ...modified(held, change), status: value, overriddenStatus: 'UNKNOWN' };
}

/** What is registered with metadata added; it lasts until the instance registers again. */
export function annotated(
  held: InstanceInfo,
  metadata: Readonly<Record<string, string>>,
  now: number,
): InstanceInfo {
  const registration = {
    registeredAt: now,
    lastRenewedAt: now,
    lastUpdatedAt: now,
    actionType: 'ADDED',
  } as const;
  return { ...held, ...registration, metadata: { ...held.metadata, ...metadata } };
}

/** Who changed an instance when; `dirtyAt` is the change's own time, where its sender gave one. */
export interface Change {
  readonly dirtyAt: number | undefined;
  readonly now: number;
}

function modified(held: InstanceInfo, { dirtyAt, now }: Change): InstanceInfo {
  return {
    ...held,
    lastDirtyAt: Math.max(held.lastDirtyAt, dirtyAt ?? 0),
    lastUpdatedAt: now,
    actionType: 'MODIFIED',
  };
}

function upSince(held: number, status: InstanceStatus, now: number): number {
  return held === 0 && status === 'UP' ? now : held;
}
