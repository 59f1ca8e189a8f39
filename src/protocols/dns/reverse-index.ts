import { topics } from '../../core/index.ts';
import type { Clock } from '../../platform/clock.ts';
import type { Registry } from '../../registry/index.ts';
import { addressLabel, parseAddress } from './address.ts';

/** Building anew may take this part of all time, so that many writes and questions cannot make it take everything. */
const MAX_BUSY_FRACTION = 0.05;

const NODE = '.node';
const SERVICE = '.service';

/**
 * Who is at an address: the node, or else the service, that comes first by name.
 *
 * Built when asked after a change, and so as fresh as the catalog as long as building takes no more than a
 * twentieth of all time; with 100,000 nodes that change all the time it lags by about a second.
 */
export class ReverseIndex {
  readonly #registry: Registry;
  readonly #clock: Clock;
  #names = new Map<string, string>();
  #madeOf = '';
  #nextBuildAt = 0;

  constructor(registry: Registry, clock: Clock) {
    this.#registry = registry;
    this.#clock = clock;
  }

  nameAt(address: Uint8Array): string | undefined {
    const { state } = this.#registry;
    const madeOf = `${state.topic(topics.nodes)} ${state.topic(topics.services)}`;
    if (madeOf !== this.#madeOf && this.#clock.monotonic() >= this.#nextBuildAt) {
      const startedAt = this.#clock.monotonic();
      this.#names = this.#build();
      this.#madeOf = madeOf;
      const endedAt = this.#clock.monotonic();
      this.#nextBuildAt = endedAt + (endedAt - startedAt) * (1 / MAX_BUSY_FRACTION - 1);
    }
    return this.#names.get(addressLabel(address));
  }

  /** The name of the node at an address, as registered. */
  nodeAt(address: Uint8Array): string | undefined {
    const name = this.nameAt(address);
    return name?.endsWith(NODE) ? name.slice(0, -NODE.length) : undefined;
  }

  #build(): Map<string, string> {
    const { nodes, instances } = this.#registry.state;
    const names = new Map<string, string>();
    for (const { address, name } of nodes.values()) {
      enter(names, address, name + NODE);
    }
    const services = new Map<string, string>();
    for (const { address, service } of instances.values()) {
      if (address !== '') enter(services, address, service + SERVICE);
    }
    return new Map([...services, ...names]);
  }
}

function enter(names: Map<string, string>, address: string, name: string): void {
  const bytes = parseAddress(address);
  if (bytes === undefined) return;
  const label = addressLabel(bytes);
  const held = names.get(label);
  if (held === undefined || name.toLowerCase() < held.toLowerCase()) names.set(label, name);
}
