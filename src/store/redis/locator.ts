import type { Logger } from '../../platform/logger.ts';
import { endpointLabel, type Endpoint } from './address.ts';
import type { CommandConnection } from './command-connection.ts';

const POLL_MS = 500;

/** What one sentinel or one node of a cluster says. */
export interface Sighting {
  readonly primary: Endpoint;
  /** Of the configuration; who knows the higher one knows better. */
  readonly epoch: number;
  readonly replicas: readonly { readonly endpoint: Endpoint; readonly alive: boolean }[];
}

/** Where the primary is, and who copies it. */
export interface Place {
  readonly primary: Endpoint;
  /** Dead ones included. */
  readonly knownReplicas: number;
  readonly liveReplicas: number;
  /** Of the live replicas, as far as anybody names them. */
  readonly replicas: readonly Endpoint[];
}

/**
 * Asks all sentinels, or all named nodes of a cluster, every half second where the primary is.
 *
 * The answer of the highest configuration epoch counts; among equals, that of most. One sentinel
 * alone may still name the old primary for a second after a failover. A replica counts as dead only
 * when more than half of the witnesses answer and all of them say so.
 */
export class Locator {
  readonly #witnesses: readonly CommandConnection[];
  readonly #ask: (witness: CommandConnection) => Promise<Sighting>;
  readonly #logger: Logger;
  readonly #onMove: (primary: Endpoint) => void;
  readonly #timer: NodeJS.Timeout;
  #place: Place | undefined;
  #looking = false;

  constructor(options: {
    readonly witnesses: readonly CommandConnection[];
    readonly ask: (witness: CommandConnection) => Promise<Sighting>;
    readonly onMove: (primary: Endpoint) => void;
    readonly logger: Logger;
  }) {
    this.#witnesses = options.witnesses;
    this.#ask = options.ask;
    this.#onMove = options.onMove;
    this.#logger = options.logger;
    this.#timer = setInterval(() => this.look(), POLL_MS);
    this.look();
  }

  get place(): Place | undefined {
    return this.#place;
  }

  get witnesses(): readonly CommandConnection[] {
    return this.#witnesses;
  }

  /** Asks now instead of at the next poll. */
  look(): void {
    if (this.#looking) return;
    this.#looking = true;
    void this.#look().finally(() => {
      this.#looking = false;
    });
  }

  async close(): Promise<void> {
    clearInterval(this.#timer);
    await Promise.all(this.#witnesses.map((witness) => witness.close()));
  }

  async #look(): Promise<void> {
    const answers = await Promise.allSettled(this.#witnesses.map((witness) => this.#ask(witness)));
    for (const answer of answers) {
      if (answer.status === 'rejected')
        this.#logger.debug({ error: String(answer.reason) }, 'no word of where the primary is');
    }
    const sightings = answers.flatMap((answer) => (answer.status === 'fulfilled' ? [answer.value] : []));
    const before = this.#place;
    const place = placeOf(sightings, this.#witnesses.length, before);
    this.#place = place;
    if (place === undefined) return;
    if (before !== undefined && endpointLabel(before.primary) === endpointLabel(place.primary)) return;
    this.#logger.info({ primary: endpointLabel(place.primary) }, 'the primary of Redis is here now');
    this.#onMove(place.primary);
  }
}

/** What the sightings come to; `before` where there are none. */
export function placeOf(
  sightings: readonly Sighting[],
  witnesses: number,
  before: Place | undefined,
): Place | undefined {
  const epoch = Math.max(...sightings.map((sighting) => sighting.epoch));
  const latest = sightings.filter((sighting) => sighting.epoch === epoch);
  const votes = new Map<string, number>();
  for (const { primary } of latest) {
    const name = endpointLabel(primary);
    votes.set(name, (votes.get(name) ?? 0) + 1);
  }
  const most = Math.max(...votes.values());
  const chosen = latest.filter(({ primary }) => votes.get(endpointLabel(primary)) === most);
  const [first] = chosen;
  if (first === undefined) return before;
  const primary = endpointLabel(first.primary);
  const replicas = new Map<string, { endpoint: Endpoint; alive: boolean }>();
  const trusted = 2 * sightings.length > witnesses;
  for (const { endpoint, alive } of chosen.flatMap((sighting) => sighting.replicas)) {
    const name = endpointLabel(endpoint);
    // A sentinel may still list a replica that has just been promoted.
    if (name === primary) continue;
    replicas.set(name, { endpoint, alive: alive || !trusted || replicas.get(name)?.alive === true });
  }
  const live = [...replicas.values()].filter(({ alive }) => alive).map(({ endpoint }) => endpoint);
  return { primary: first.primary, knownReplicas: replicas.size, liveReplicas: live.length, replicas: live };
}
