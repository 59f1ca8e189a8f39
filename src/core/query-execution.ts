import type { Check, StringMap } from './catalog.ts';
import { worstStatus } from './check-status.ts';
import type { QueryTarget } from './prepared-query.ts';
import type { InstanceView } from './query.ts';
import { hasMeta } from './selection.ts';

/** Those of a service's instances that a prepared query is about. */
export function selectForQuery(views: readonly InstanceView[], target: QueryTarget): InstanceView[] {
  const ignored = new Set(target.ignoredChecks);
  return views.filter(
    ({ node, instance, checks }) =>
      isHealthy(
        checks.filter(({ id }) => !ignored.has(id)),
        target.onlyPassing,
      ) &&
      hasMeta(node, target.nodeMeta ?? {}) &&
      holds(instance.meta ?? {}, target.serviceMeta ?? {}) &&
      fits(instance.tags, target.tags ?? []),
  );
}

function isHealthy(checks: readonly Check[], onlyPassing: boolean): boolean {
  const status = worstStatus(checks);
  return status !== 'critical' && !(onlyPassing && status === 'warning');
}

function holds(held: StringMap, wanted: StringMap): boolean {
  return Object.entries(wanted).every(([key, value]) => Object.hasOwn(held, key) && held[key] === value);
}

function fits(tags: readonly string[], wanted: readonly string[]): boolean {
  const held = new Set(tags.map((tag) => tag.toLowerCase()));
  return wanted.every((each) => {
    const tag = each.toLowerCase();
    return tag.startsWith('!') ? !held.has(tag.slice(1)) : held.has(tag);
  });
}
