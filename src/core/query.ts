import type { Check, Instance, KvPair, Node, Stored, StringMap } from './catalog.ts';
import { epochOf, firstOfEpoch, instanceKey, nodeKey, type Revision } from './ids.ts';
import { hasMeta } from './selection.ts';
import type { State } from './state.ts';
import { topics } from './topics.ts';

/**
 * A read that can be waited for: when it may have changed, since when it has not, and its answer.
 *
 * `index` is a revision that moves whenever the answer may differ; a reader that has seen it can
 * block until it is passed. Both functions are pure and synchronous.
 */
export interface Query<T> {
  readonly topics: readonly string[];
  index(state: State): Revision;
  run(state: State): T;
  /**
   * A revision that moves with the answer as `index` does and, unlike it, never goes back to one that stood
   * for another answer; left out, `index` is such a one.
   */
  version?(state: State): Revision;
  /** Whether there is nothing to find; who waits for something that is not there is not woken by its absence. */
  isAbsent?(state: State): boolean;
}

/** What an answer can be kept by: while it stands for a state, so does the answer. */
export function versionOf(query: Query<unknown>, state: State): Revision {
  return query.version?.(state) ?? query.index(state);
}

/**
 * The index that a reader of a query is told; never 0.
 *
 * It is of the state's epoch, also where what was asked for is older: what a reader saw in an earlier epoch may have
 * been lost with it, so who waits on an index of one is to look again.
 */
export function indexOf(query: Query<unknown>, state: State): Revision {
  return Math.max(firstOfEpoch(epochOf(state.revision)), query.index(state));
}

/** An instance with what a lookup shows beside it. */
export interface InstanceView {
  readonly node: Stored<Node>;
  readonly instance: Stored<Instance>;
  /** Node-level checks, then the instance's own; by id. */
  readonly checks: readonly Stored<Check>[];
}

/**
 * All instances of a service, ordered by node and id; empty for an unknown service.
 *
 * The index of a service without instances is where any service last lost its last one.
 */
export function serviceQuery(service: string): Query<readonly InstanceView[]> {
  const topic = topics.service(service);
  return {
    topics: [topic, topics.serviceExtinct],
    index: (state) =>
      state.instancesOf(service).size > 0 ? state.topic(topic) : state.topic(topics.serviceExtinct),
    run: (state) => viewsOf(state, [...state.instancesOf(service).values()]),
  };
}

/** As `serviceQuery`, but whoever waits for it is left in peace by checks, though they move its index too. */
export function instancesQuery(service: string): Query<readonly InstanceView[]> {
  return { ...serviceQuery(service), topics: [topics.instances(service), topics.serviceExtinct] };
}

/**
 * All instances of all services on nodes with that metadata, ordered by node and id.
 *
 * Whoever waits for it is left in peace by checks; its index moves with them only where `withChecks` says so.
 */
export function allInstancesQuery(
  nodeMeta: StringMap = {},
  withChecks = false,
): Query<readonly InstanceView[]> {
  const watched = [topics.services, topics.nodes, ...(withChecks ? [topics.checks] : [])];
  return {
    topics: watched,
    index: (state) => latest(state, watched),
    run: (state) =>
      viewsOf(
        state,
        [...state.instances.values()].filter(({ node }) => hasMeta(state.node(node), nodeMeta)),
      ),
  };
}

/** Every service name with the tags of its instances on nodes with that metadata, each sorted. */
export function serviceNamesQuery(nodeMeta: StringMap = {}): Query<ReadonlyMap<string, readonly string[]>> {
  const isAnyNode = Object.keys(nodeMeta).length === 0;
  const watched = isAnyNode ? [topics.services] : [topics.services, topics.nodes];
  return {
    topics: watched,
    index: (state) => latest(state, watched),
    run: (state) => {
      const instances = [...state.instances.values()];
      return serviceNamesOf(
        isAnyNode ? instances : instances.filter(({ node }) => hasMeta(state.node(node), nodeMeta)),
      );
    },
  };
}

/** The service names of some instances with their tags, each sorted. */
export function serviceNamesOf(instances: readonly Instance[]): ReadonlyMap<string, readonly string[]> {
  const names = new Map<string, Set<string>>();
  for (const { service, tags } of instances) {
    const held = names.get(service) ?? new Set<string>();
    for (const tag of tags) held.add(tag);
    names.set(service, held);
  }
  return new Map(
    [...names].sort(([a], [b]) => compare(a, b)).map(([name, tags]) => [name, [...tags].sort(compare)]),
  );
}

/** All nodes with that metadata, by name. */
export function nodesQuery(nodeMeta: StringMap = {}): Query<readonly Stored<Node>[]> {
  return {
    topics: [topics.nodes],
    index: (state) => state.topic(topics.nodes),
    run: (state) =>
      [...state.nodes.values()]
        .filter((node) => hasMeta(node, nodeMeta))
        .sort((a, b) => compare(nodeKey(a.name), nodeKey(b.name))),
  };
}

export interface NodeView {
  readonly node: Stored<Node>;
  readonly instances: readonly Stored<Instance>[];
}

/** A node and its instances by id; undefined when there is no such node. */
export function nodeQuery(name: string): Query<NodeView | undefined> {
  return {
    topics: [topics.node(name)],
    index: (state) => touchedOr(state, topics.node(name), topics.nodes),
    run: (state) => {
      const node = state.node(name);
      return (
        node && { node, instances: [...state.instancesOn(name).values()].sort((a, b) => compare(a.id, b.id)) }
      );
    },
  };
}

/** One instance of a node; undefined when it has no such instance. Its index is the instance's own. */
export function instanceQuery(node: string, id: string): Query<Stored<Instance> | undefined> {
  const key = instanceKey(node, id);
  return {
    topics: [topics.node(node)],
    index: (state) => state.instances.get(key)?.modifyRevision ?? state.topic(topics.node(node)),
    run: (state) => state.instances.get(key),
  };
}

/** Checks of a node and of everything on it, by id. */
export function nodeChecksQuery(name: string): Query<readonly Stored<Check>[]> {
  return {
    topics: [topics.node(name)],
    index: (state) => state.topic(topics.checks),
    run: (state) => [...state.checksOn(name).values()].sort((a, b) => compare(a.id, b.id)),
  };
}

/** Checks of a service's instances on nodes with that metadata, without node-level ones; by node and id. */
export function serviceChecksQuery(
  service: string,
  nodeMeta: StringMap = {},
): Query<readonly Stored<Check>[]> {
  return {
    topics: [topics.service(service)],
    index: (state) => touchedOr(state, topics.service(service), topics.checks),
    run: (state) =>
      [...state.instancesOf(service).values()]
        .filter(({ node }) => hasMeta(state.node(node), nodeMeta))
        .sort(byNodeAndId)
        .flatMap((instance) => ownChecks(state, instance)),
  };
}

/** Checks in a state, or `any`, on nodes with that metadata; by node and id, none for an unknown state. */
export function checksInStateQuery(
  status: string,
  nodeMeta: StringMap = {},
): Query<readonly Stored<Check>[]> {
  const watched = Object.keys(nodeMeta).length === 0 ? [topics.checks] : [topics.checks, topics.nodes];
  return {
    topics: watched,
    index: (state) => latest(state, watched),
    run: (state) =>
      [...state.checks.values()]
        .filter(
          (check) =>
            (status === 'any' || check.status === status) && hasMeta(state.node(check.node), nodeMeta),
        )
        .sort((a, b) => compare(nodeKey(a.node), nodeKey(b.node)) || compare(a.id, b.id)),
  };
}

/** One configuration key; undefined when it is absent. */
export function kvQuery(key: string): Query<Stored<KvPair> | undefined> {
  return {
    topics: [topics.kvKey(key)],
    index: (state) => state.kv.get(key)?.modifyRevision ?? state.topic(topics.kv),
    run: (state) => state.kv.get(key),
    isAbsent: (state) => !state.kv.has(key),
  };
}

/** All configuration keys that begin with `prefix`, in byte order. */
export function kvPrefixQuery(prefix: string): Query<readonly Stored<KvPair>[]> {
  return {
    topics: [topics.kvPrefix(prefix)],
    index: (state) => prefixIndex(state, prefix),
    version: (state) => state.topic(topics.kvSegment(prefix)),
    run: (state) => [...state.kv.withPrefix(prefix)].map(([, pair]) => pair),
  };
}

/** Names of keys that begin with `prefix`, cut after the first `separator` behind it; no duplicates. */
export function kvKeysQuery(prefix: string, separator: string): Query<readonly string[]> {
  return {
    topics: [topics.kvPrefix(prefix)],
    index: (state) => prefixIndex(state, prefix),
    version: (state) => state.topic(topics.kvSegment(prefix)),
    run: (state) => {
      const names = new Set<string>();
      for (const [key] of state.kv.withPrefix(prefix)) {
        const at = separator === '' ? -1 : key.indexOf(separator, prefix.length);
        names.add(at < 0 ? key : key.slice(0, at + separator.length));
      }
      return [...names];
    },
  };
}

/**
 * The last change under a prefix, deletions included; that of all keys where nothing was ever under it.
 *
 * It goes back when deletions are forgotten.
 */
function prefixIndex(state: State, prefix: string): Revision {
  if (prefix === '') return state.topic(topics.kv);
  const last = Math.max(state.kv.latestUnder(prefix), state.tombstones.latestUnder(prefix));
  return last === 0 ? state.topic(topics.kv) : last;
}

/** Revision of a topic's last touch, or that of all of its kind where it was never touched. */
function touchedOr(state: State, topic: string, all: string): Revision {
  return state.topics.get(topic) ?? state.topic(all);
}

function viewsOf(state: State, instances: readonly Stored<Instance>[]): InstanceView[] {
  return [...instances].sort(byNodeAndId).flatMap((instance) => {
    const node = state.node(instance.node);
    return node === undefined ? [] : [{ node, instance, checks: checksFor(state, instance) }];
  });
}

/** Revision of the last touch of any of the topics. */
function latest(state: State, watched: readonly string[]): Revision {
  return Math.max(...watched.map((topic) => state.topic(topic)));
}

function checksFor(state: State, instance: Instance): Stored<Check>[] {
  const nodeChecks = [...state.checksOf(instance.node, '').values()];
  return [...nodeChecks.sort((a, b) => compare(a.id, b.id)), ...ownChecks(state, instance)];
}

function ownChecks(state: State, instance: Instance): Stored<Check>[] {
  return [...state.checksOf(instance.node, instance.id).values()].sort((a, b) => compare(a.id, b.id));
}

function byNodeAndId(a: Instance, b: Instance): number {
  return compare(nodeKey(a.node), nodeKey(b.node)) || compare(a.id, b.id);
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
