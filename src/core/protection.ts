import type { Check } from './catalog.ts';
import { worstStatus } from './check-status.ts';
import { checkKey, instanceKey } from './ids.ts';
import { parseLease } from './lease.ts';
import { isRegistryNodeCheck } from './registry-node.ts';
import type { State } from './state.ts';

/** How much the registry believes that heartbeats stop because their senders died. */
export interface ProtectionPolicy {
  /** Off: every lease that runs out ends, however many do. */
  readonly enabled: boolean;
  /** Share of the catalog, in percent, that may run out in a window without a second opinion. */
  readonly budgetPercent: number;
  /** So many may run out in a window however small the catalog is. */
  readonly budgetMin: number;
  readonly windowMs: number;
  /** Protection ends after this, whatever it protects. */
  readonly maxMs: number;
  /** Whether the registry may connect to instances whose heartbeats stopped. */
  readonly probes: boolean;
}

/** Eureka's share and window, and room for the deaths of a small catalog; see `docs/reliability.md`. */
export const DEFAULT_PROTECTION: ProtectionPolicy = {
  enabled: true,
  budgetPercent: 15,
  budgetMin: 3,
  windowMs: 60_000,
  maxMs: 600_000,
  probes: true,
};

/** Self-preservation under way, as the registry's nodes share it. */
export interface Protection {
  /** `lapsed`: it took too long, and what it held ends now. */
  readonly phase: 'on' | 'lapsed';
  readonly reason: string;
  /** On the lease clock. */
  readonly sinceMs: number;
  /** Wall clock of the node that began it, ms since 1970. */
  readonly startedAt: number;
  /** Leases that are spared at the moment, as of the last note. */
  readonly held: number;
  /** Leases that ended since it began, as of the last note. */
  readonly ended: number;
}

/** Name of the setting that holds a `Protection` while there is one. */
export const PROTECTION_SETTING = 'protection';

/** Self-preservation as the catalog has it; undefined while there is none, or one of an unknown form. */
export function protectionOf(state: State): Protection | undefined {
  const value = state.settings.get(PROTECTION_SETTING)?.value as Partial<Protection> | null | undefined;
  if (value?.phase !== 'on' && value?.phase !== 'lapsed') return undefined;
  const { phase, reason = '', sinceMs = 0, startedAt = 0, held = 0, ended = 0 } = value;
  return { phase, reason, sinceMs, startedAt, held, ended };
}

/** What a lease that runs out would take from the catalog. */
export type Loss = 'health' | 'instance';

/**
 * What the end of a lease takes away from lookups; undefined where it takes nothing that is worth protecting.
 *
 * That is so for sessions and locks, whose time to live is a promise to others, for checks that are critical
 * anyway, and for the registry's own nodes.
 */
export function lossOf(state: State, lease: string): Loss | undefined {
  const ref = parseLease(lease);
  if (ref?.kind !== 'check' && ref?.kind !== 'deregister') return undefined;
  const check = state.checks.get(checkKey(ref.node, ref.checkId));
  if (check === undefined || isRegistryNodeCheck(state, check)) return undefined;
  if (ref.kind === 'deregister') return check.status === 'critical' ? 'instance' : undefined;
  return isLive(check) ? 'health' : undefined;
}

/** How many there are that each kind of loss could take: checks that live by heartbeats, and instances. */
export function populationOf(state: State): Readonly<Record<Loss, number>> {
  let health = 0;
  for (const check of state.checks.values())
    if (isLive(check) && !isRegistryNodeCheck(state, check)) health++;
  return { health, instance: state.instances.size };
}

/** Whether a check has a heartbeat to lose. */
function isLive({ source, status, instanceId }: Check): boolean {
  if (source.kind === 'lease' && instanceId !== '') return true;
  return (source.kind === 'ttl' || source.kind === 'lease') && status !== 'critical';
}

/** Whether lookups would find no healthy instance of the lease's service any more, were it to end. */
export function isLastOfService(state: State, lease: string): boolean {
  const ref = parseLease(lease);
  if (ref?.kind !== 'check') return false;
  const check = state.checks.get(checkKey(ref.node, ref.checkId));
  const own = check && state.instances.get(instanceKey(check.node, check.instanceId));
  if (own === undefined) return false;
  for (const each of state.instancesOf(own.service).values()) {
    if (each === own) continue;
    const checks = [
      ...state.checksOf(each.node, each.id).values(),
      ...state.checksOf(each.node, '').values(),
    ];
    if (worstStatus(checks) !== 'critical') return false;
  }
  return true;
}

/** Where something would listen that a lease speaks for; undefined where the catalog does not say. */
export function endpointOf(
  state: State,
  lease: string,
): { readonly host: string; readonly port: number } | undefined {
  const ref = parseLease(lease);
  if (ref?.kind !== 'check' && ref?.kind !== 'deregister') return undefined;
  const check = state.checks.get(checkKey(ref.node, ref.checkId));
  const instance = check && state.instances.get(instanceKey(check.node, check.instanceId));
  if (instance === undefined) return undefined;
  const host = instance.address === '' ? (state.node(instance.node)?.address ?? '') : instance.address;
  return host === '' || instance.port < 1 || instance.port > 65_535
    ? undefined
    : { host, port: instance.port };
}
