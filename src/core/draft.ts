import { keyOf, type RecordValues, type Stored } from './catalog.ts';
import { deepEqual } from './equal.ts';
import { placementOf } from './placement.ts';
import { instanceKey } from './ids.ts';
import type { Table } from './record.ts';
import type { State } from './state.ts';
import { topics } from './topics.ts';
import type { Compare, Delete, Grant } from './txn.ts';

/** A record to write; `createRevision` 0 means it is new. */
export type DraftPut = {
  [T in Table]: {
    readonly table: T;
    readonly key: string;
    readonly value: RecordValues[T];
    readonly createRevision: number;
  };
}[Table];

/** What a decision wants committed: a transaction whose values are not encoded yet. */
export interface Draft {
  readonly compares: readonly Compare[];
  readonly puts: readonly DraftPut[];
  readonly deletes: readonly Delete[];
  readonly touches: readonly string[];
  readonly grants: readonly Grant[];
  readonly revokes: readonly string[];
}

/** A decision: what to commit, and the answer once that is committed. */
export interface Decision<T> {
  readonly draft: Draft;
  readonly result: T;
}

interface Pending {
  readonly table: Table;
  readonly key: string;
  readonly value: unknown;
}

/**
 * Collects the writes of one decision against a state and derives what they rely on.
 *
 * Every written record is compared with the revision the decision saw. Writing an equal value is no
 * write at all, so an idempotent request moves no index.
 */
export class Drafting {
  readonly #state: State;
  readonly #pending = new Map<string, Pending>();
  readonly #requires: Compare[] = [];
  readonly #grants = new Map<string, Grant>();
  readonly #revokes = new Set<string>();

  constructor(state: State) {
    this.#state = state;
  }

  put<T extends Table>(table: T, value: RecordValues[T]): void {
    const key = keyOf(table, value);
    this.#pending.set(`${table}/${key}`, { table, key, value });
  }

  delete(table: Table, key: string): void {
    this.#pending.set(`${table}/${key}`, { table, key, value: undefined });
  }

  /** The record as this draft leaves it. */
  get<T extends Table>(table: T, key: string): RecordValues[T] | undefined {
    const pending = this.#pending.get(`${table}/${key}`);
    if (pending === undefined) return this.#state.get(table, key);
    return pending.value as RecordValues[T] | undefined;
  }

  grant(lease: string, ttlMs: number): void {
    this.#revokes.delete(lease);
    this.#grants.set(lease, { lease, ttlMs });
  }

  revoke(lease: string): void {
    this.#grants.delete(lease);
    this.#revokes.add(lease);
  }

  /** The decision looked at everything under this topic and must be taken again if it changed. */
  requireTopic(topic: string): void {
    this.#requires.push({ kind: 'topic', topic, revision: this.#state.revision });
  }

  /** The decision relies on this record and must be taken again if it changed or went. */
  requireRecord(table: Table, key: string): void {
    this.#requires.push({
      kind: 'record',
      table,
      key,
      revision: this.#state.get(table, key)?.modifyRevision ?? 0,
    });
  }

  requireLeaseDue(lease: string): void {
    this.#requires.push({ kind: 'lease-due', lease });
  }

  /** The draft; empty when nothing would change. */
  build(): Draft {
    const compares: Compare[] = [...this.#requires];
    const puts: DraftPut[] = [];
    const deletes: Delete[] = [];
    const touches = new Set<string>();
    for (const { table, key, value } of this.#pending.values()) {
      const held = this.#state.get(table, key);
      if (held === undefined ? value === undefined : value !== undefined && sameValue(held, value)) continue;
      compares.push({ kind: 'record', table, key, revision: held?.modifyRevision ?? 0 });
      if (value === undefined) deletes.push({ table, key });
      else puts.push({ table, key, value, createRevision: held?.createRevision ?? 0 } as DraftPut);
      for (const topic of touchedTopics(this.#state, table, held, value)) touches.add(topic);
    }
    this.#touchExtinct(touches, compares);
    return {
      compares,
      puts,
      deletes,
      touches: [...touches],
      grants: [...this.#grants.values()],
      revokes: [...this.#revokes],
    };
  }

  /** Adds `serviceExtinct` where the last instance of a service goes. */
  #touchExtinct(touches: Set<string>, compares: Compare[]): void {
    const left = new Map<string, number>();
    for (const { table, key, value } of this.#pending.values()) {
      if (table !== 'instance') continue;
      const before = this.#state.instances.get(key)?.service.toLowerCase();
      const after = (value as RecordValues['instance'] | undefined)?.service.toLowerCase();
      if (before === after) continue;
      if (before !== undefined)
        left.set(before, (left.get(before) ?? this.#state.instancesOf(before).size) - 1);
      if (after !== undefined) left.set(after, (left.get(after) ?? this.#state.instancesOf(after).size) + 1);
    }
    for (const [service, count] of left) {
      const before = this.#state.instancesOf(service).size;
      if (count >= before) continue;
      compares.push({ kind: 'topic', topic: topics.ring(service), revision: this.#state.revision });
      if (count === 0) touches.add(topics.serviceExtinct);
    }
  }
}

/** Whether a draft changes anything, leases included. */
export function isEmpty(draft: Draft): boolean {
  return draft.puts.length + draft.deletes.length + draft.grants.length + draft.revokes.length === 0;
}

function sameValue(held: Stored<object>, value: unknown): boolean {
  const { createRevision: _create, modifyRevision: _modify, ...rest } = held;
  return deepEqual(rest, value);
}

type TopicsOf<T extends Table> = (
  state: State,
  before: RecordValues[T] | undefined,
  after: RecordValues[T] | undefined,
) => string[];

function touchedTopics(state: State, table: Table, before: unknown, after: unknown): string[] {
  return (TOPICS_OF[table] as TopicsOf<Table>)(state, before as never, after as never);
}

const TOPICS_OF: { readonly [T in Table]: TopicsOf<T> } = {
  node: (state, before, after) => {
    const name = (after ?? before)?.name ?? '';
    const moved = before?.address !== after?.address;
    const ofServices = servicesOn(state, name).flatMap((service) => {
      const touched = [topics.service(service), topics.instances(service)];
      return moved ? [...touched, topics.ring(service)] : touched;
    });
    return [topics.nodes, topics.node(name), ...ofServices];
  },
  instance: (_state, before, after) => {
    const moved = !deepEqual(before && placementOf(before), after && placementOf(after));
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
    return [topics.kv, topics.kvSegment(key)];
  },
  tombstone: () => [],
  setting: (_state, before, after) => [`setting:${(after ?? before)?.name ?? ''}`],
};

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
