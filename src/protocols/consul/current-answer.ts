import { indexOf, versionOf, type Query, type Revision, type State } from '../../core/index.ts';
import type { Reuse } from '../../http/index.ts';
import type { Registry } from '../../registry/index.ts';

/**
 * Tells whether an answer from the catalog, with its labels, is still the one that its question has.
 *
 * It keeps the question and no picture of the catalog, which would outlive the present one.
 */
export class CurrentAnswer implements Reuse {
  readonly #registry: Registry;
  readonly #query: Query<unknown>;
  readonly #isConfirmed: boolean;
  readonly #state: WeakRef<State>;
  readonly #version: Revision;
  readonly #index: Revision;

  /** `isConfirmed`: the answer must have all that any node has acknowledged. */
  constructor(registry: Registry, query: Query<unknown>, isConfirmed: boolean) {
    const { state } = registry;
    this.#registry = registry;
    this.#query = query;
    this.#isConfirmed = isConfirmed;
    this.#state = new WeakRef(state);
    this.#version = versionOf(query, state);
    this.#index = indexOf(query, state);
  }

  prepare(): Promise<void> | undefined {
    return this.#isConfirmed ? this.#registry.reads.refresh() : undefined;
  }

  isCurrent(): boolean {
    const { ready, reads, state } = this.#registry;
    return (
      ready &&
      // Another state may say something else at the same version.
      state === this.#state.deref() &&
      versionOf(this.#query, state) === this.#version &&
      indexOf(this.#query, state) === this.#index &&
      reads.freshness().knownLeader
    );
  }
}
