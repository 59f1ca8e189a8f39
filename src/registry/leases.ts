import { decideExpiry, decideLockHold, isEmpty, type ExpiryOutcome } from '../core/index.ts';
import type { Store, Sweep } from '../store/store.ts';
import type { View } from '../view/view.ts';
import type { Committer } from './committer.ts';

interface Deps {
  readonly store: Store;
  readonly view: View;
  readonly committer: Committer;
  /** The registry node's id. */
  readonly sweeper: string;
}

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

  /** Spares a lease for another `ttlMs`; one that has been revoked meanwhile stays so. */
  async extend(lease: string, ttlMs: number): Promise<void> {
    await this.#deps.store.renew([{ lease, ttlMs }]);
  }

  /** Acts on a lease whose deadline has passed. Throws `aborted` when it was renewed meanwhile. */
  async expire(lease: string): Promise<ExpiryOutcome> {
    return (await this.#deps.committer.commit((state) => decideExpiry(state, lease))).result;
  }

  /** Sees to it that an epoch which has just begun lets locks be taken after a while; often called. */
  async holdLocks(): Promise<void> {
    const { committer, view } = this.#deps;
    if (!isEmpty(decideLockHold(view.state).draft)) await committer.commit(decideLockHold);
  }
}
