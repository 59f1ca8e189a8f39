import {
  keyOf,
  type Check,
  type Instance,
  type KvPair,
  type Node,
  type RecordValues,
  type Setting,
  type Stored,
  type Tombstone,
} from './catalog.ts';
import type { UserEvent } from './event.ts';
import { checkKey, instanceKey, nodeKey, type Revision } from './ids.ts';
import type { PreparedQuery } from './prepared-query.ts';
import { GroupIndex } from './group-index.ts';
import type { Table } from './record.ts';
import { DEFAULT_SERVICE_POLICY, ringPolicyKey, type ServicePolicy } from './ring-policy.ts';
import type { LockDelay, Session } from './session.ts';
import { SortedMap } from './sorted-map.ts';

/** A change to one record, decoded; `value` undefined means it was deleted. */
export interface Change<T extends Table = Table> {
  readonly table: T;
  readonly key: string;
  readonly value: Stored<RecordValues[T]> | undefined;
}

/** A commit with its values decoded. */
export interface StateCommit {
  readonly revision: Revision;
  readonly operation: string;
  readonly changes: readonly Change[];
  readonly touches: readonly string[];
}

/** A map or sorted map of one table. */
interface TableMap<V> {
  readonly size: number;
  get(key: string): V | undefined;
  set(key: string, value: V): void;
  delete(key: string): boolean;
  values(): IterableIterator<V>;
}

type Tables = { readonly [T in Table]: TableMap<Stored<RecordValues[T]>> };

/** An index and the groups in it that a record belongs to. */
interface Indexing<V> {
  readonly index: GroupIndex<V>;
  readonly groups: (value: V) => readonly string[];
}

type Indexes = { readonly [T in Table]?: readonly Indexing<Stored<RecordValues[T]>>[] };

/**
 * The catalog in memory: one map per table, the indexes lookups need, and the topics' revisions.
 *
 * Changed only by `apply` and `load`, synchronously, so a reader between two turns of the event
 * loop sees whole commits only. Records in it are frozen and never change.
 */
export class State {
  /** Revision of the last commit applied. */
  revision: Revision = 0;
  readonly nodes = new Map<string, Stored<Node>>();
  readonly instances = new Map<string, Stored<Instance>>();
  readonly checks = new Map<string, Stored<Check>>();
  readonly kv = new SortedMap<Stored<KvPair>>();
  readonly tombstones = new SortedMap<Stored<Tombstone>>();
  readonly settings = new Map<string, Stored<Setting>>();
  readonly sessions = new Map<string, Stored<Session>>();
  readonly lockDelays = new Map<string, Stored<LockDelay>>();
  readonly events = new SortedMap<Stored<UserEvent>>();
  readonly queries = new Map<string, Stored<PreparedQuery>>();
  /** By service in lower case; services without one have the default. */
  readonly ringPolicies = new Map<string, Stored<ServicePolicy>>();
  /** Known revisions of topics; those last touched up to `compacted` may be missing. */
  readonly topics = new Map<string, Revision>();
  /** The store no longer knew topics that were last touched up to here when this state was loaded. */
  compacted: Revision = 0;

  readonly #tables: Tables = {
    node: this.nodes,
    instance: this.instances,
    check: this.checks,
    kv: this.kv,
    tombstone: this.tombstones,
    setting: this.settings,
    session: this.sessions,
    'lock-delay': this.lockDelays,
    event: this.events,
    query: this.queries,
    'ring-policy': this.ringPolicies,
  };
  readonly #instancesByService = new GroupIndex<Stored<Instance>>();
  readonly #instancesByNode = new GroupIndex<Stored<Instance>>();
  readonly #checksByNode = new GroupIndex<Stored<Check>>();
  readonly #checksByInstance = new GroupIndex<Stored<Check>>();
  readonly #nodesById = new GroupIndex<Stored<Node>>();
  readonly #sessionsByNode = new GroupIndex<Stored<Session>>();
  readonly #sessionsByCheck = new GroupIndex<Stored<Session>>();
  readonly #keysBySession = new GroupIndex<Stored<KvPair>>();
  readonly #queriesByName = new GroupIndex<Stored<PreparedQuery>>();
  readonly #queriesBySession = new GroupIndex<Stored<PreparedQuery>>();
  readonly #indexes: Indexes = {
    node: [{ index: this.#nodesById, groups: ({ id }) => (id === '' ? [] : [id]) }],
    instance: [
      { index: this.#instancesByService, groups: ({ service }) => [service.toLowerCase()] },
      { index: this.#instancesByNode, groups: ({ node }) => [nodeKey(node)] },
    ],
    check: [
      { index: this.#checksByNode, groups: ({ node }) => [nodeKey(node)] },
      { index: this.#checksByInstance, groups: ({ node, instanceId }) => [instanceKey(node, instanceId)] },
    ],
    session: [
      { index: this.#sessionsByNode, groups: ({ node }) => [nodeKey(node)] },
      { index: this.#sessionsByCheck, groups: ({ node, checks }) => checks.map((id) => checkKey(node, id)) },
    ],
    kv: [{ index: this.#keysBySession, groups: ({ session }) => (session === undefined ? [] : [session]) }],
    query: [
      { index: this.#queriesByName, groups: ({ name }) => [name.toLowerCase()] },
      { index: this.#queriesBySession, groups: ({ session }) => (session === '' ? [] : [session]) },
    ],
  };

  get<T extends Table>(table: T, key: string): Stored<RecordValues[T]> | undefined {
    return this.#tables[table].get(key);
  }

  /** Number of records in all tables. */
  get size(): number {
    return Object.values(this.#tables).reduce((sum, table) => sum + table.size, 0);
  }

  node(name: string): Stored<Node> | undefined {
    return this.nodes.get(nodeKey(name));
  }

  nodeById(id: string): Stored<Node> | undefined {
    const [node] = this.#nodesById.get(id).values();
    return node;
  }

  /** Instances of a service, in no particular order; names compare without case. */
  instancesOf(service: string): ReadonlyMap<string, Stored<Instance>> {
    return this.#instancesByService.get(service.toLowerCase());
  }

  instancesOn(node: string): ReadonlyMap<string, Stored<Instance>> {
    return this.#instancesByNode.get(nodeKey(node));
  }

  /** All checks of a node: its own and those of its instances. */
  checksOn(node: string): ReadonlyMap<string, Stored<Check>> {
    return this.#checksByNode.get(nodeKey(node));
  }

  /** Checks of one instance, or the node-level ones when `instanceId` is ''. */
  checksOf(node: string, instanceId: string): ReadonlyMap<string, Stored<Check>> {
    return this.#checksByInstance.get(instanceKey(node, instanceId));
  }

  sessionsOn(node: string): ReadonlyMap<string, Stored<Session>> {
    return this.#sessionsByNode.get(nodeKey(node));
  }

  /** Sessions that end when the check turns critical. */
  sessionsRelyingOn(node: string, checkId: string): ReadonlyMap<string, Stored<Session>> {
    return this.#sessionsByCheck.get(checkKey(node, checkId));
  }

  /** Configuration keys that the session holds as locks, in no particular order. */
  keysHeldBy(session: string): ReadonlyMap<string, Stored<KvPair>> {
    return this.#keysBySession.get(session);
  }

  /** Prepared queries of that name; names compare without case, and only '' can be that of several. */
  queriesNamed(name: string): ReadonlyMap<string, Stored<PreparedQuery>> {
    return this.#queriesByName.get(name.toLowerCase());
  }

  /** Prepared queries that go with the session. */
  queriesOf(session: string): ReadonlyMap<string, Stored<PreparedQuery>> {
    return this.#queriesBySession.get(session);
  }

  /** The policy of a service's ring, stored or the default. */
  ringPolicy(service: string): ServicePolicy {
    return this.ringPolicies.get(ringPolicyKey(service)) ?? { service, ...DEFAULT_SERVICE_POLICY };
  }

  /** Revision of a topic's last touch, or one after it that others may have been told; 0 when it was never touched. */
  topic(topic: string): Revision {
    return this.topics.get(topic) ?? this.compacted;
  }

  /** Applies a commit; one at or below what a record already has leaves that record alone. */
  apply(commit: StateCommit): void {
    for (const change of commit.changes) {
      const held = this.get(change.table, change.key);
      if (held !== undefined && held.modifyRevision >= commit.revision) continue;
      if (change.value === undefined) this.#remove(change.table, change.key);
      else this.load(change.table, change.value, change.key);
    }
    for (const topic of commit.touches) this.touch(topic, commit.revision);
    if (commit.revision > this.revision) this.revision = commit.revision;
  }

  /** Puts one record, as a snapshot brings it; `key` is its key, where that is known already. */
  load<T extends Table>(table: T, value: Stored<RecordValues[T]>, key = keyOf(table, value)): void {
    this.#unindex(table, key);
    this.#tables[table].set(key, value);
    for (const { index, groups } of this.#indexes[table] ?? []) {
      for (const group of groups(value)) index.set(group, key, value);
    }
  }

  /** Raises a topic's revision; never lowers it. */
  touch(topic: string, revision: Revision): void {
    if (revision > this.topic(topic)) this.topics.set(topic, revision);
  }

  /** Every record of a table, in no particular order. */
  values<T extends Table>(table: T): IterableIterator<Stored<RecordValues[T]>> {
    return this.#tables[table].values();
  }

  #remove(table: Table, key: string): void {
    this.#unindex(table, key);
    this.#tables[table].delete(key);
  }

  /** Takes a record out of its indexes and answers it. */
  #unindex<T extends Table>(table: T, key: string): Stored<RecordValues[T]> | undefined {
    const held = this.get(table, key);
    if (held === undefined) return undefined;
    for (const { index, groups } of this.#indexes[table] ?? []) {
      for (const group of groups(held)) index.delete(group, key);
    }
    return held;
  }
}
