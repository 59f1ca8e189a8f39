import {
  decideAcquire,
  decideKvDelete,
  decideKvDeleteTree,
  decideKvPut,
  decideKvReap,
  decideRelease,
  type AcquireOutcome,
  type KvPut,
  type LockPut,
  type Revision,
} from '../core/index.ts';
import type { Committer } from './committer.ts';

/** Writes configuration keys. */
export class Kv {
  readonly #committer: Committer;

  constructor(committer: Committer) {
    this.#committer = committer;
  }

  /** Whether the put's condition held. Throws what a commit throws. */
  async put(put: KvPut): Promise<boolean> {
    return (await this.#committer.commit((state) => decideKvPut(state, put), 'barrier')).result;
  }

  /**
   * Takes a key as a lock; `fenceIndex` is the lock's fencing token, of use where it was acquired.
   *
   * Throws `session_not_found`, and what a commit throws.
   */
  async acquire(put: LockPut): Promise<{ readonly outcome: AcquireOutcome; readonly fenceIndex: Revision }> {
    const { result, revision } = await this.#committer.commit(
      (state) => decideAcquire(state, put),
      'barrier',
    );
    return { outcome: result.outcome, fenceIndex: result.fenceIndex || revision };
  }

  /** Gives up a lock; whether the session held it. Throws what a commit throws. */
  async release(put: LockPut): Promise<boolean> {
    return (await this.#committer.commit((state) => decideRelease(state, put), 'barrier')).result;
  }

  /** Whether the condition held. Throws what a commit throws. */
  async delete(key: string, expectedRevision?: Revision): Promise<boolean> {
    return (await this.#committer.commit((state) => decideKvDelete(state, key, expectedRevision), 'barrier'))
      .result;
  }

  /** Removes every key that begins with `prefix`. Throws what a commit throws. */
  async deleteTree(prefix: string): Promise<void> {
    await this.#committer.commit((state) => decideKvDeleteTree(state, prefix), 'barrier');
  }

  /** Forgets deletions up to a revision, at most `limit` of them, and says how many. Throws what a commit throws. */
  async reapTombstones(upTo: Revision, limit: number): Promise<number> {
    return (await this.#committer.commit((state) => decideKvReap(state, upTo, limit))).result;
  }
}
