import {
  decideExpiries,
  decideExpiry,
  decideLockHold,
  isEmpty,
  RollcallError,
  type ExpiryOutcome,
} from '../core/index.ts';
import type { Renewal, Store, Sweep } from '../store/store.ts';
import type { View } from '../view/view.ts';
import type { Committer } from './committer.ts';

/** Leases that one commit ends: enough for the cost of a commit not to matter, and a short script. */
const BATCH = 100;
const RENEWAL_BATCH = 500;

interface Deps {
  readonly store: Store;
  readonly view: View;
  readonly committer: Committer;
  /** The registry node's id. */
  readonly sweeper: string;
}

/** What became of leases that were due, counted. */
export type ExpiryTally = ReadonlyMap<ExpiryOutcome | 'renewed', number>;

/** Moves the lease clock, says whose time is up, and acts on it. */
export class Leases {
  readonly #deps: Deps;

  constructor(deps: Deps) {
    this.#deps = deps;
  }

  /** As `Store.sweep`, by this node; at most `limit` due leases. */
  async sweep(limit: number): Promise<Sweep> {
    const { store, sweeper } = this.#deps;
    return store.sweep({ sweeper, limit });
  }

  /** Spares leases for another `ttlMs` each; one that has been revoked meanwhile stays so. */
  async extend(renewals: readonly Renewal[]): Promise<void> {
    for (let from = 0; from < renewals.length; from += RENEWAL_BATCH)
      await this.#deps.store.renew(renewals.slice(from, from + RENEWAL_BATCH));
  }

  /** Acts on a lease whose deadline has passed. Throws `aborted` when it was renewed meanwhile. */
  async expire(lease: string): Promise<ExpiryOutcome> {
    return (await this.#deps.committer.commit((state) => decideExpiry(state, lease))).result;
  }

  /**
   * Acts on leases whose deadline has passed, many in one commit; those that were renewed meanwhile stay.
   *
   * A lease that cannot be ended keeps none of the others from it: its failure is thrown last. Throws what a
   * commit throws, at once where the store does not answer.
   */
  async expireAll(leases: readonly string[]): Promise<ExpiryTally> {
    const tally = new Map<ExpiryOutcome | 'renewed', number>();
    const count = (outcome: ExpiryOutcome | 'renewed') => tally.set(outcome, (tally.get(outcome) ?? 0) + 1);
    const failures: unknown[] = [];
    const waiting: (readonly string[])[] = [];
    for (let from = 0; from < leases.length; from += BATCH) waiting.push(leases.slice(from, from + BATCH));
    for (let batch = waiting.pop(); batch !== undefined; batch = waiting.pop()) {
      try {
        const ending = batch;
        const { result } = await this.#deps.committer.commit((state) => decideExpiries(state, ending));
        result.forEach(count);
      } catch (error) {
        const isRenewed = error instanceof RollcallError && error.code === 'aborted';
        if (error instanceof RollcallError && !isRenewed) throw error;
        const half = Math.ceil(batch.length / 2);
        if (batch.length > 1) waiting.push(batch.slice(0, half), batch.slice(half));
        else if (isRenewed) count('renewed');
        else failures.push(error);
      }
    }
    if (failures.length > 0) throw failures[0];
    return tally;
  }

  /** Sees to it that an epoch which has just begun lets locks be taken after a while; often called. */
  async holdLocks(): Promise<void> {
    const { committer, view } = this.#deps;
    if (!isEmpty(decideLockHold(view.state).draft)) await committer.commit(decideLockHold);
  }
}
