import {
  decideBatch,
  isReadOnlyBatch,
  type BatchOperation,
  type BatchOutcome,
  type Revision,
} from '../core/index.ts';
import type { Committer } from './committer.ts';
import type { Freshness, ReadMode, Reads } from './reads.ts';

/** Applies operations on keys, nodes, instances and checks together or not at all. */
export class Transactions {
  readonly #committer: Committer;
  readonly #reads: Reads;

  constructor(committer: Committer, reads: Reads) {
    this.#committer = committer;
    this.#reads = reads;
  }

  /** Resolves with what was done and the revision at which it was. Throws what a commit throws. */
  async apply(
    operations: readonly BatchOperation[],
  ): Promise<{ readonly result: BatchOutcome; readonly revision: Revision }> {
    return this.#committer.commit((state) => decideBatch(state, operations), 'barrier');
  }

  /** Answers operations that change nothing. Throws `not_ready`, and in `consistent` mode `store_unavailable`. */
  async read(
    operations: readonly BatchOperation[],
    mode: ReadMode,
  ): Promise<Freshness & { readonly result: BatchOutcome }> {
    if (!isReadOnlyBatch(operations)) throw new TypeError('the batch has writes');
    const { value, ageMs, knownLeader } = await this.#reads.read(
      { topics: [], index: () => 1, run: (state) => decideBatch(state, operations).result },
      { mode },
    );
    return { result: value, ageMs, knownLeader };
  }
}
