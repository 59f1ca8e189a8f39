import type { Revision } from '../core/index.ts';
import type { View } from '../view/view.ts';

/** Watches the history for operations in flight, to tell later whether one without a reply was applied. */
export class RecentOperations {
  readonly #awaited = new Map<string, Revision | undefined>();

  constructor(view: View) {
    view.onCommits((commits) => {
      if (this.#awaited.size === 0) return;
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

  forget(operation: string): void {
    this.#awaited.delete(operation);
  }
}
