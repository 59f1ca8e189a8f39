import type { Revision } from '../core/index.ts';
import type { View } from '../view/view.ts';

/** Watches the history for operations in flight, to tell later whether one without a reply was applied. */
export class RecentOperations {
  readonly #awaited = new Map<string, Revision | undefined>();
  readonly #mayHaveMissed = new Set<string>();

  constructor(view: View) {
    view.onCommits((commits) => {
      if (this.#awaited.size === 0) return;
      // A new snapshot: what came before it went by unseen.
      if (commits.length === 0)
        for (const operation of this.#awaited.keys()) this.#mayHaveMissed.add(operation);
      for (const { operation, revision } of commits) {
        if (this.#awaited.has(operation)) this.#awaited.set(operation, revision);
      }
    });
  }

  /** Starts watching for an operation; every one must be forgotten. */
  remember(operation: string): void {
    this.#awaited.set(operation, undefined);
  }

  /** The revision an operation was applied at, if the view has seen it. */
  revisionOf(operation: string): Revision | undefined {
    return this.#awaited.get(operation);
  }

  /** Whether the view skipped a part of the history since then. */
  mayHaveMissed(operation: string): boolean {
    return this.#mayHaveMissed.has(operation);
  }

  forget(operation: string): void {
    this.#mayHaveMissed.delete(operation);
    this.#awaited.delete(operation);
  }
}
