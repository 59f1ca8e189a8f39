import { keyOf, type RecordValues, type Stored } from './catalog.ts';
import { equalBut } from './equal.ts';
import { epochOf, type Revision } from './ids.ts';
import type { Table } from './record.ts';
import type { State } from './state.ts';
import { topics } from './topics.ts';
import { reliesOnPolicies, touchedTopics } from './touched-topics.ts';
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
  readonly value: object | undefined;
  /** This draft deleted it before it put it: it is another record under the same key. */
  readonly anew: boolean;
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
  readonly #requires = new Map<string, Compare>();
  readonly #grants = new Map<string, Grant>();
  readonly #revokes = new Set<string>();

  constructor(state: State) {
    this.#state = state;
  }

  put<T extends Table>(table: T, value: RecordValues[T]): void {
    const key = keyOf(table, value);
    const before = this.#pending.get(`${table}/${key}`);
    const anew = before !== undefined && (before.anew || before.value === undefined);
    this.#pending.set(`${table}/${key}`, { table, key, value, anew });
  }

  delete(table: Table, key: string): void {
    this.#pending.set(`${table}/${key}`, { table, key, value: undefined, anew: false });
  }

  /** The record as this draft leaves it, to be looked at only: it may carry its revisions. */
  peek<T extends Table>(table: T, key: string): Readonly<RecordValues[T]> | undefined {
    const pending = this.#pending.get(`${table}/${key}`);
    return pending === undefined
      ? this.#state.get(table, key)
      : (pending.value as RecordValues[T] | undefined);
  }

  /** The record as this draft leaves it, to be written again with changes. */
  get<T extends Table>(table: T, key: string): RecordValues[T] | undefined {
    const pending = this.#pending.get(`${table}/${key}`);
    if (pending !== undefined) return pending.value as RecordValues[T] | undefined;
    const held = this.#state.get(table, key);
    return held && withoutRevisions<T>(held);
  }

  /**
   * Some records as this draft leaves them, by key: those of `held` but for what the draft changed, and its
   * own that `belongs` picks.
   */
  among<T extends Table>(
    table: T,
    held: Iterable<readonly [string, Stored<RecordValues[T]>]>,
    belongs: (value: RecordValues[T]) => boolean,
  ): Map<string, RecordValues[T]> {
    const records = new Map<string, RecordValues[T]>();
    for (const [key, value] of held) records.set(key, withoutRevisions<T>(value));
    for (const pending of this.#pending.values()) {
      if (pending.table !== table) continue;
      const value = pending.value as RecordValues[T] | undefined;
      if (value !== undefined && belongs(value)) records.set(pending.key, value);
      else records.delete(pending.key);
    }
    return records;
  }

  /** The revisions of a record as this draft leaves it; 0 is that of the commit to come. Undefined when absent. */
  revisionsOf(
    table: Table,
    key: string,
  ): { readonly createRevision: Revision; readonly modifyRevision: Revision } | undefined {
    const held = this.#state.get(table, key);
    const pending = this.#pending.get(`${table}/${key}`);
    if (pending === undefined) return held;
    if (pending.value === undefined) return undefined;
    if (held === undefined || pending.anew) return { createRevision: 0, modifyRevision: 0 };
    const { createRevision, modifyRevision } = held;
    return { createRevision, modifyRevision: sameValue(held, pending.value) ? modifyRevision : 0 };
  }

  /** Whether a record is at the revision that a condition names, 0 for its absence; one written here is at none yet. */
  isAt(table: Table, key: string, revision: Revision): boolean {
    const revisions = this.revisionsOf(table, key);
    if (revisions === undefined) return revision === 0;
    return revision !== 0 && revisions.modifyRevision === revision;
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
    this.#requires.set(topic, { kind: 'topic', topic, revision: this.#state.revision });
  }

  /** The decision relies on this record and must be taken again if it changed or went. */
  requireRecord(table: Table, key: string): void {
    const revision = this.#state.get(table, key)?.modifyRevision ?? 0;
    this.#requires.set(`${table}/${key}`, { kind: 'record', table, key, revision });
  }

  /** The decision must be taken again in an epoch that its state does not know. */
  requireEpoch(): void {
    this.#requires.set('epoch', { kind: 'epoch', epoch: epochOf(this.#state.revision) });
  }

  requireLeaseDue(lease: string): void {
    this.#requires.set(`lease-due/${lease}`, { kind: 'lease-due', lease });
  }

  /** The draft; empty when nothing would change. */
  build(): Draft {
    const puts: DraftPut[] = [];
    const deletes: Delete[] = [];
    const touches = new Set<string>();
    let reliesOnRingPolicies = false;
    for (const { table, key, value, anew } of this.#pending.values()) {
      const held = this.#state.get(table, key);
      if (held === undefined ? value === undefined : value !== undefined && !anew && sameValue(held, value))
        continue;
      this.requireRecord(table, key);
      if (value === undefined) deletes.push({ table, key });
      else
        puts.push({ table, key, value, createRevision: anew ? 0 : (held?.createRevision ?? 0) } as DraftPut);
      for (const topic of touchedTopics(this.#state, table, held, value)) touches.add(topic);
      reliesOnRingPolicies ||= reliesOnPolicies(table, held, value);
    }
    if (reliesOnRingPolicies) this.requireTopic(topics.ringPolicies);
    this.#touchExtinct(touches);
    return {
      compares: [...this.#requires.values()],
      puts,
      deletes,
      touches: [...touches],
      grants: [...this.#grants.values()],
      revokes: [...this.#revokes],
    };
  }

  /** Adds `serviceExtinct` where the last instance of a service goes. */
  #touchExtinct(touches: Set<string>): void {
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
      this.requireTopic(topics.ring(service));
      if (count === 0) touches.add(topics.serviceExtinct);
    }
  }
}

/** Whether a draft changes anything, leases included. */
export function isEmpty(draft: Draft): boolean {
  return draft.puts.length + draft.deletes.length + draft.grants.length + draft.revokes.length === 0;
}

/** A record as it was written, to be written again with changes. */
export function withoutRevisions<T extends Table>(held: Stored<RecordValues[T]>): RecordValues[T] {
  const { createRevision: _create, modifyRevision: _modify, ...value } = held;
  return value as unknown as RecordValues[T];
}

const REVISIONS = ['createRevision', 'modifyRevision'];

function sameValue(held: Stored<object>, value: object): boolean {
  return equalBut(held, value, REVISIONS);
}
