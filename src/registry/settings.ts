import { decideSettingDelete, decideSettingPut, type Revision } from '../core/index.ts';
import type { Committer } from './committer.ts';

/** Writes the registry's own settings, which all its nodes share; `group:name` keeps kinds of them apart. */
export class Settings {
  readonly #committer: Committer;

  constructor(committer: Committer) {
    this.#committer = committer;
  }

  /** Whether the setting was at `expectedRevision` (0: absent), where one is given. Throws what a commit throws. */
  async put(name: string, value: unknown, expectedRevision?: Revision): Promise<boolean> {
    return (
      await this.#committer.commit((state) => decideSettingPut(state, { name, value }, expectedRevision))
    ).result;
  }

  /** As `put`; removing an absent setting is fine. */
  async delete(name: string, expectedRevision?: Revision): Promise<boolean> {
    return (await this.#committer.commit((state) => decideSettingDelete(state, name, expectedRevision)))
      .result;
  }
}
