import type { Store, Sweep } from '../store/store.ts';

/** Moves the lease clock and says whose time is up. */
export class Leases {
  readonly #store: Store;
  readonly #sweeper: string;

  /** `sweeper`: the registry node's id. */
  constructor(store: Store, sweeper: string) {
    this.#store = store;
    this.#sweeper = sweeper;
  }

  /** As `Store.sweep`, by this node; at most `limit` due leases. */
  async sweep(limit: number): Promise<Sweep> {
    return this.#store.sweep({ sweeper: this.#sweeper, limit });
  }

  /** Spares a lease for another `ttlMs`; one that has been revoked meanwhile stays so. */
  async extend(lease: string, ttlMs: number): Promise<void> {
    await this.#store.renew([{ lease, ttlMs }]);
  }
}
