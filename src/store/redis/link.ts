import type { Logger } from '../../platform/logger.ts';
import { StoreError, type StoreStatus } from '../store.ts';
import { endpointLabel, type Endpoint, type Login, type RedisAddress } from './address.ts';
import { askClusterNode } from './cluster.ts';
import { CommandConnection } from './command-connection.ts';
import { closedError, type Access, type TlsMaterial } from './connection.ts';
import { Locator, type Place } from './locator.ts';
import { askSentinel } from './sentinel.ts';
import { StreamConnection } from './stream-connection.ts';

export interface LinkOptions {
  readonly address: RedisAddress;
  readonly tls: TlsMaterial;
  /** How many replicas there are, where nobody can be asked or shall be. */
  readonly replicas: number | undefined;
  /** Any key of the registry: in a cluster, its slot's owner is the primary. */
  readonly key: string;
  readonly logger: Logger;
  /** Called whenever the connection for commands has been let in. */
  readonly onReady: () => void;
}

/** All connections of one store: to the primary wherever it is, and to those who know where. */
export class RedisLink {
  readonly #options: LinkOptions;
  readonly #locator: Locator | undefined;
  /** For everything that is acknowledged by the primary alone. */
  readonly commands: CommandConnection;
  /** For writes that replicas confirm; the same as `commands` where there are no replicas. */
  readonly confirmed: CommandConnection;
  #moved = new AbortController();

  constructor(options: LinkOptions) {
    this.#options = options;
    const { address, replicas = 0 } = options;
    const alone = address.topology === 'single' && replicas === 0;
    this.commands = this.#connection(options.onReady);
    this.confirmed = alone ? this.commands : this.#connection();
    this.#locator = this.#locate(address);
  }

  /** Aborts when the primary is another server than before. */
  get moved(): AbortSignal {
    return this.#moved.signal;
  }

  get place(): Place | undefined {
    const { address, replicas } = this.#options;
    const place =
      address.topology === 'single'
        ? { primary: address.endpoint, knownReplicas: 0, liveReplicas: 0, replicas: [] }
        : this.#locator?.place;
    if (place === undefined || replicas === undefined) return place;
    return { ...place, knownReplicas: replicas, liveReplicas: replicas };
  }

  /** Those who were named in the URL: sentinels or nodes of a cluster. */
  get witnesses(): readonly CommandConnection[] {
    return this.#locator?.witnesses ?? [];
  }

  /** Asks now where the primary is, instead of at the next poll. */
  look(): void {
    this.#locator?.look();
  }

  /** Resolves once commands can be sent; rejects with `unavailable` after `timeoutMs`. */
  async ready(timeoutMs: number): Promise<void> {
    await Promise.all([this.commands.ready(timeoutMs), this.confirmed.ready(timeoutMs)]);
  }

  status(): StoreStatus {
    return this.commands.status();
  }

  /** A connection for one follower, to the server that the commands go to now; not connected yet. */
  stream(): StreamConnection {
    const primary = this.place?.primary;
    if (primary === undefined) throw new StoreError('unavailable', 'the primary of Redis is not known yet');
    return new StreamConnection(primary, this.#access());
  }

  /** A connection of an operator's to any server of the topology; the caller closes it. */
  connectTo(endpoint: Endpoint): CommandConnection {
    const { logger } = this.#options;
    return new CommandConnection({
      label: endpointLabel(endpoint),
      access: this.#access(),
      logger,
      endpoint,
    });
  }

  async close(): Promise<void> {
    await Promise.all([this.commands.close(), this.confirmed.close(), this.#locator?.close()]);
    this.#moved.abort(closedError());
  }

  #locate(address: RedisAddress): Locator | undefined {
    if (address.topology === 'single') return undefined;
    const common = { onMove: (primary: Endpoint) => this.#move(primary), logger: this.#options.logger };
    if (address.topology === 'sentinel') {
      const witnesses = address.sentinels.map((one) => this.#witness(one, 'sentinel', address.sentinelLogin));
      return new Locator({ ...common, witnesses, ask: (one) => askSentinel(one, address.master) });
    }
    const witnesses = address.seeds.map((one) => this.#witness(one, 'node', address.login));
    return new Locator({ ...common, witnesses, ask: (one) => askClusterNode(one, this.#options.key) });
  }

  #move(primary: Endpoint): void {
    this.commands.move(primary);
    if (this.confirmed !== this.commands) this.confirmed.move(primary);
    const moved = this.#moved;
    this.#moved = new AbortController();
    moved.abort(new StoreError('unavailable', `the primary of Redis is ${endpointLabel(primary)} now`));
  }

  #connection(onReady?: () => void): CommandConnection {
    const { address, logger } = this.#options;
    return new CommandConnection({
      label: address.label,
      access: this.#access(),
      logger,
      onMisplaced: () => this.#locator?.look(),
      ...(address.topology === 'single' ? { endpoint: address.endpoint } : {}),
      ...(onReady === undefined ? {} : { onReady }),
    });
  }

  #witness(endpoint: Endpoint, role: string, login: Login): CommandConnection {
    const label = `${role} ${endpointLabel(endpoint)}`;
    const access = { ...this.#access(), login, db: 0 };
    const onReady = (): void => this.look();
    return new CommandConnection({ label, access, logger: this.#options.logger, endpoint, onReady });
  }

  #access(): Access {
    const { address, tls } = this.#options;
    return { login: address.login, db: address.db, tls: address.tls ? tls : undefined };
  }
}
