import type { RecordValues } from './catalog.ts';
import { deepEqual } from './equal.ts';
import { instanceKey } from './ids.ts';
import { metaOf, placementOf } from './placement.ts';
import type { Table } from './record.ts';
import type { State } from './state.ts';
import { topics } from './topics.ts';

/** The topics that a change of one record touches; `before` or `after` is undefined where it is created or deleted. */
export function touchedTopics(state: State, table: Table, before: unknown, after: unknown): string[] {
  return (TOPICS_OF[table] as TopicsOf<Table>)(state, before as never, after as never);
}

type TopicsOf<T extends Table> = (
  state: State,
  before: RecordValues[T] | undefined,
  after: RecordValues[T] | undefined,
) => string[];

const TOPICS_OF: { readonly [T in Table]: TopicsOf<T> } = {
  node: (state, before, after) => {
    const name = (after ?? before)?.name ?? '';
    const moved = before?.address !== after?.address;
    const ofServices = servicesOn(state, name).flatMap((service) => {
      const touched = [topics.service(service), topics.instances(service)];
      const { zoneMeta } = state.ringPolicy(service);
      const rezoned = metaOf(before, zoneMeta) !== metaOf(after, zoneMeta);
      return moved || rezoned ? [...touched, topics.ring(service)] : touched;
    });
    return [topics.nodes, topics.node(name), ...ofServices];
  },
  instance: (state, before, after) => {
    const moved =
      before === undefined ||
      after === undefined ||
      !deepEqual(placedBy(state, before), placedBy(state, after));
    const ofInstances = [before, after].flatMap((instance) => {
      if (instance === undefined) return [];
      const { node, service } = instance;
      const touched = [
        topics.services,
        topics.node(node),
        topics.service(service),
        topics.instances(service),
      ];
      return moved ? [...touched, topics.ring(service)] : touched;
    });
    return relabelled(before, after) ? [...ofInstances, topics.checks] : ofInstances;
  },
  check: (state, before, after) => {
    const check = after ?? before;
    if (check === undefined) return [];
    const instance = state.instances.get(instanceKey(check.node, check.instanceId));
    const services =
      check.instanceId === ''
        ? servicesOn(state, check.node)
        : instance === undefined
          ? []
          : [instance.service];
    return [topics.checks, topics.node(check.node), ...services.map(topics.service)];
  },
  kv: (_state, before, after) => {
    const key = (after ?? before)?.key ?? '';
    const holders = before?.session === after?.session ? [] : [before?.session, after?.session];
    const locks = holders.flatMap((session) => (session === undefined ? [] : [topics.locks(session)]));
    return [topics.kv, topics.kvSegment(key), ...locks];
  },
  tombstone: () => [],
  setting: (_state, before, after) => {
    const { name } = after ?? before ?? { name: '' };
    return [topics.setting(name), topics.settings(name.split(':', 1)[0] ?? '')];
  },
  session: (_state, before, after) => [topics.sessions, topics.sessionsOn((after ?? before)?.node ?? '')],
  'lock-delay': () => [],
  event: () => [topics.events],
  query: () => [topics.queries],
  'ring-policy': (_state, before, after) => [
    topics.ringPolicies,
    topics.ring((after ?? before)?.service ?? ''),
  ],
};

/** Whether what a change of this record touches depends on the policies of rings. */
export function reliesOnPolicies(table: Table, before: unknown, after: unknown): boolean {
  if (table !== 'instance' && table !== 'node') return false;
  const [held, written] = [before, after] as (RecordValues['instance' | 'node'] | undefined)[];
  return held !== undefined && written !== undefined && !deepEqual(held.meta, written.meta);
}

function placedBy(state: State, instance: RecordValues['instance']): readonly unknown[] {
  return placementOf(instance, state.ringPolicy(instance.service));
}

/** Checks are shown with the name and tags of their service. */
function relabelled(
  before: RecordValues['instance'] | undefined,
  after: RecordValues['instance'] | undefined,
): boolean {
  if (before === undefined || after === undefined) return false;
  return before.service !== after.service || !deepEqual(before.tags, after.tags);
}

function servicesOn(state: State, node: string): string[] {
  return [...new Set([...state.instancesOn(node).values()].map((instance) => instance.service))];
}
