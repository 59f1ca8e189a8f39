import { instanceKey, type Instance, type State } from '../../core/index.ts';

/**
 * When this node last heard a heartbeat of each instance; other nodes' heartbeats it does not know.
 *
 * Forgets instances that are gone once they are the larger part.
 */
export class HeartbeatTimes {
  readonly #source: { readonly state: State };
  readonly #times = new Map<string, number>();

  constructor(source: { readonly state: State }) {
    this.#source = source;
  }

  note({ node, id }: Instance, now: number): void {
    this.#times.set(instanceKey(node, id), now);
    const { instances } = this.#source.state;
    if (this.#times.size <= 2 * instances.size + 100) return;
    for (const key of this.#times.keys()) if (!instances.has(key)) this.#times.delete(key);
  }

  /** Ms since 1970. */
  last({ node, id }: Instance): number | undefined {
    return this.#times.get(instanceKey(node, id));
  }
}
