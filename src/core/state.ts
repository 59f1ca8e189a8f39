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
import { instanceKey, nodeKey, type Revision } from './ids.ts';
import type { Table } from './record.ts';
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
  readonly topics = new Map<string, Revision>();

  readonly #tables: Tables = {
    node: this.nodes,
    instance: this.instances,
    check: this.checks,
    kv: this.kv,
    tombstone: this.tombstones,
    setting: this.settings,
  };
  readonly #instancesByService = new Index<Stored<Instance>>();
  readonly #instancesByNode = new Index<Stored<Instance>>();
  readonly #checksByNode = new Index<Stored<Check>>();
  readonly #checksByInstance = new Index<Stored<Check>>();
  readonly #nodeKeysById = new Map<string, string>();

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
    const key = this.#nodeKeysById.get(id);
    return key === undefined ? undefined : this.nodes.get(key);
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

  /** Revision of a topic's last touch; 0 when it was never touched. */
  topic(topic: string): Revision {
    return this.topics.get(topic) ?? 0;
  }

  /** Applies a commit; one at or below what a record already has leaves that record alone. */
  apply(commit: StateCommit): void {
    for (const change of commit.changes) {
      const held = this.get(change.table, change.key);
      if (held !== undefined && held.modifyRevision >= commit.revision) continue;
      if (change.value === undefined) this.#remove(change.table, change.key);
      else this.load(change.table, change.value);
    }
    for (const topic of commit.touches) this.touch(topic, commit.revision);
    if (commit.revision > this.revision) this.revision = commit.revision;
  }

  /** Puts one record, as a snapshot brings it. */
  load<T extends Table>(table: T, value: Stored<RecordValues[T]>): void {
    const key = keyOf(table, value);
    this.#unindex(table, key);
    this.#tables[table].set(key, value);
    this.#index(table, key);
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

  #index(table: Table, key: string): void {
    if (table === 'instance') {
      const instance = this.instances.get(key);
      if (instance === undefined) return;
      this.#instancesByService.set(instance.service.toLowerCase(), key, instance);
      this.#instancesByNode.set(nodeKey(instance.node), key, instance);
    } else if (table === 'check') {
      const check = this.checks.get(key);
      if (check === undefined) return;
      this.#checksByNode.set(nodeKey(check.node), key, check);
      this.#checksByInstance.set(instanceKey(check.node, check.instanceId), key, check);
    } else if (table === 'node') {
      const node = this.nodes.get(key);
      if (node !== undefined && node.id !== '') this.#nodeKeysById.set(node.id, key);
    }
  }

  #unindex(table: Table, key: string): void {
    if (table === 'instance') {
      const instance = this.instances.get(key);
      if (instance === undefined) return;
      this.#instancesByService.delete(instance.service.toLowerCase(), key);
      this.#instancesByNode.delete(nodeKey(instance.node), key);
    } else if (table === 'check') {
      const check = this.checks.get(key);
      if (check === undefined) return;
      this.#checksByNode.delete(nodeKey(check.node), key);
      this.#checksByInstance.delete(instanceKey(check.node, check.instanceId), key);
    } else if (table === 'node') {
      const node = this.nodes.get(key);
      if (node !== undefined && this.#nodeKeysById.get(node.id) === key) this.#nodeKeysById.delete(node.id);
    }
  }
}

/** A map of maps that forgets empty groups. */
class Index<V> {
  readonly #groups = new Map<string, Map<string, V>>();
  readonly #none: ReadonlyMap<string, V> = new Map();

  get(group: string): ReadonlyMap<string, V> {
    return this.#groups.get(group) ?? this.#none;
  }

  set(group: string, key: string, value: V): void {
    const held = this.#groups.get(group);
    if (held === undefined) this.#groups.set(group, new Map([[key, value]]));
    else held.set(key, value);
  }

  delete(group: string, key: string): void {
    const held = this.#groups.get(group);
    if (held?.delete(key) === true && held.size === 0) this.#groups.delete(group);
  }
}
