import {
  epochOf,
  type Commit,
  type CommitResult,
  type Compare,
  type Revision,
  type StoredRecord,
  type Txn,
} from '../../src/core/index.ts';

interface ModelState {
  readonly records: ReadonlyMap<string, StoredRecord>;
  readonly topics: ReadonlyMap<string, Revision>;
  readonly leases: ReadonlySet<string>;
}

/** What a store must do, written plainly: one whole state per revision, no lease ever due. */
export class StoreModel {
  readonly commits: Commit[] = [];
  readonly #base: Revision;
  readonly #states: ModelState[] = [{ records: new Map(), topics: new Map(), leases: new Set() }];

  constructor(base: Revision) {
    this.#base = base;
  }

  get revision(): Revision {
    return this.#base + this.#states.length - 1;
  }

  get state(): ModelState {
    return this.#at(this.revision);
  }

  /** Takes the commit that the store says it applied next; throws where it must not have. */
  apply(txn: Txn, result: CommitResult): void {
    if (result.outcome !== 'applied') throw new Error('not applied');
    if (result.revision !== this.revision + 1) throw new Error(`${result.revision} after ${this.revision}`);
    const failing = this.#failing(txn, this.revision);
    if (failing) throw new Error(`revision ${result.revision} applied against ${JSON.stringify(failing)}`);
    const { revision } = result;
    const { records, topics, leases } = this.state;
    const next = { records: new Map(records), topics: new Map(topics), leases: new Set(leases) };
    const puts = txn.puts.map(({ createRevision, ...put }) => {
      return { ...put, createRevision: createRevision || revision, modifyRevision: revision };
    });
    for (const record of puts) next.records.set(`${record.table}/${record.key}`, record);
    for (const { table, key } of txn.deletes) next.records.delete(`${table}/${key}`);
    for (const topic of txn.touches) next.topics.set(topic, revision);
    for (const { lease } of txn.grants) next.leases.add(lease);
    for (const lease of txn.revokes) next.leases.delete(lease);
    this.#states.push(next);
    this.commits.push({
      revision,
      operation: txn.operation,
      puts,
      deletes: txn.deletes,
      touches: txn.touches,
    });
  }

  /** Whether a transaction sent after `from` may have been answered with this conflict. */
  explains(txn: Txn, conflict: Compare, from: Revision): boolean {
    for (let revision = from; revision <= this.revision; revision += 1) {
      if (JSON.stringify(this.#failing(txn, revision)) === JSON.stringify(conflict)) return true;
    }
    return false;
  }

  #failing(txn: Txn, revision: Revision): Compare | undefined {
    const { records, topics } = this.#at(revision);
    return txn.compares.find((compare) => {
      if (compare.kind === 'lease-due') return true;
      if (compare.kind === 'epoch') return epochOf(revision) !== compare.epoch;
      if (compare.kind === 'topic') return (topics.get(compare.topic) ?? 0) > compare.revision;
      return (records.get(`${compare.table}/${compare.key}`)?.modifyRevision ?? 0) !== compare.revision;
    });
  }

  #at(revision: Revision): ModelState {
    const state = this.#states[revision - this.#base];
    if (state === undefined) throw new Error(`the model never was at ${revision}`);
    return state;
  }
}
