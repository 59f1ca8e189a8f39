import type { Instance, State, Stored } from '../../core/index.ts';
import { infoOf, isListed } from './catalog-mapping.ts';
import { STATUSES, type InstanceInfo } from './instance-info.ts';

/** All instances of one service; `name` is upper case. */
export interface Application {
  readonly name: string;
  readonly instances: readonly InstanceInfo[];
}

/** What an answer about many applications says. */
export interface Applications {
  readonly version: string;
  readonly hashCode: string;
  readonly applications: readonly Application[];
}

/** When an instance was renewed last, ms since 1970; undefined where that is not known. */
export type LastRenewed = (instance: Stored<Instance>) => number | undefined;

/** The whole catalog as applications by name, their instances by node and id. */
export function applicationsOf(state: State, lastRenewed: LastRenewed): Application[] {
  const byName = new Map<string, { key: string; info: InstanceInfo }[]>();
  for (const [key, instance] of state.instances) {
    if (!isListed(instance)) continue;
    const info = infoOf(state, instance, lastRenewed(instance));
    if (info === undefined) continue;
    const held = byName.get(info.app);
    if (held === undefined) byName.set(info.app, [{ key, info }]);
    else held.push({ key, info });
  }
  return [...byName]
    .sort(([a], [b]) => compare(a, b))
    .map(([name, held]) => ({
      name,
      instances: held.sort((a, b) => compare(a.key, b.key)).map(({ info }) => info),
    }));
}

/** How many instances have which status, such as `DOWN_1_UP_7_`; clients compare it with their own count. */
export function hashCodeOf(applications: readonly Application[]): string {
  const counts = new Map<string, number>();
  for (const { instances } of applications) {
    for (const { status } of instances) counts.set(status, (counts.get(status) ?? 0) + 1);
  }
  return STATUSES.filter((status) => counts.has(status))
    .map((status) => `${status}_${String(counts.get(status))}_`)
    .join('');
}

/** The instances that a predicate picks; applications left without any are left out. */
export function pick(
  applications: readonly Application[],
  picks: (info: InstanceInfo) => boolean,
): Application[] {
  return applications
    .map(({ name, instances }) => ({ name, instances: instances.filter(picks) }))
    .filter(({ instances }) => instances.length > 0);
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
