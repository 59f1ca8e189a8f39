import {
  decideDeregisterCheck,
  decideDeregisterInstance,
  decideDeregisterNode,
  decideRegister,
  type Registration,
  type State,
} from '../core/index.ts';
import type { Committer } from './committer.ts';

/** Registers and removes nodes, instances and checks. */
export class Catalog {
  readonly #committer: Committer;

  constructor(committer: Committer) {
    this.#committer = committer;
  }

  /** Throws `node_not_found`, `node_name_taken`, `instance_not_found`, and what a commit throws. */
  async register(registration: Registration): Promise<void> {
    await this.#committer.commit((state) => decideRegister(state, registration));
  }

  /**
   * Registers what `derive` makes of the catalog; it is asked again when the catalog changed under it.
   *
   * Throws what `derive` throws, and what `register` throws.
   */
  async registerFrom(derive: (state: State) => Registration): Promise<void> {
    await this.#committer.commit((state) => decideRegister(state, derive(state)));
  }

  /** Throws `instance_not_found`, and what a commit throws. */
  async deregisterInstance(node: string, id: string): Promise<void> {
    await this.#committer.commit((state) => decideDeregisterInstance(state, node, id));
  }

  /** Throws `node_not_found`, and what a commit throws. */
  async deregisterNode(name: string): Promise<void> {
    await this.#committer.commit((state) => decideDeregisterNode(state, name));
  }

  /** Throws `check_not_found`, and what a commit throws. */
  async deregisterCheck(node: string, id: string): Promise<void> {
    await this.#committer.commit((state) => decideDeregisterCheck(state, node, id));
  }
}
