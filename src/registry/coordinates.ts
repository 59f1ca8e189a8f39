import { decideCoordinate, type NodeCoordinate } from '../core/index.ts';
import type { Committer } from './committer.ts';

/** Keeps the coordinates that agents tell of their nodes. */
export class Coordinates {
  readonly #committer: Committer;

  constructor(committer: Committer) {
    this.#committer = committer;
  }

  /** Of an unknown node it is dropped. Throws what a commit throws. */
  async update(update: NodeCoordinate): Promise<void> {
    await this.#committer.commit((state) => decideCoordinate(state, update));
  }
}
