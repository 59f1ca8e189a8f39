import type { Check, CheckStatus } from './catalog.ts';

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
  return id === '_node_maintenance' || id.startsWith(maintenanceCheckId(''));
}

/** Id of the critical check that takes an instance out of use. */
export function maintenanceCheckId(instanceId: string): string {
  return `_service_maintenance:${instanceId}`;
}
