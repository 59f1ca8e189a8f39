import { decideFire, type UserEvent } from '../core/index.ts';
import type { Random } from '../platform/random.ts';
import type { Committer } from './committer.ts';

/** Announces events to whoever asks for them. */
export class Events {
  readonly #committer: Committer;
  readonly #random: Random;

  constructor(committer: Committer, random: Random) {
    this.#committer = committer;
    this.#random = random;
  }

  /** Resolves with the event once every node will show it. Throws what a commit throws. */
  async fire(event: Omit<UserEvent, 'id' | 'time'>): Promise<UserEvent> {
    const id = this.#random.uuid();
    return (await this.#committer.commit((state) => decideFire(state, { ...event, id }))).result;
  }
}
