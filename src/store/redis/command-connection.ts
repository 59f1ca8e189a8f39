import { setTimeout as delay } from 'node:timers/promises';
import type { Redis } from 'ioredis';
import { systemClock } from '../../platform/clock.ts';
import type { Logger } from '../../platform/logger.ts';
import { systemRandom } from '../../platform/random.ts';
import { StoreError, type StoreStatus } from '../store.ts';
import { endpointLabel, type Endpoint } from './address.ts';
import {
  closedError,
  createClient,
  disconnect,
  type Access,
  type Argument,
  type Sender,
} from './connection.ts';
import { isMisplaced, isReply, isTimeout } from './failure.ts';

const COMMAND_TIMEOUT_MS = 1000;
const SOCKET_TIMEOUT_MS = 1500;
const PING_INTERVAL_MS = 500;
const REBUILD_AFTER_MS = 5000;

export interface CommandConnectionOptions {
  /** What it leads to, for logs. */
  readonly label: string;
  readonly access: Access;
  readonly logger: Logger;
  /** Where to connect; undefined where `move` will say. */
  readonly endpoint?: Endpoint;
  /** Called whenever a server has let it in. */
  readonly onReady?: () => void;
  /** Called when a server says that it is not the one to ask. */
  readonly onMisplaced?: () => void;
}

/**
 * A connection for all commands but blocking reads, shared by many callers.
 *
 * Nothing is queued while it is down and nothing is ever sent twice: a command that could not be
 * sent rejects at once with `unavailable`, one whose reply was lost within a second. After a timeout
 * further commands are refused until the server answers anything again. A client that has not been
 * ready for five seconds is thrown away and built anew.
 */
export class CommandConnection implements Sender {
  readonly #options: CommandConnectionOptions;
  readonly #logger: Logger;
  readonly #timer: NodeJS.Timeout;
  #endpoint: Endpoint | undefined;
  #client: Redis | undefined;
  #heardAtMs: number;
  #downSinceMs: number | undefined;
  #session = 0;
  #stalled = false;
  #closed = false;
  #lastError = 'not connected yet';

  constructor(options: CommandConnectionOptions) {
    this.#options = options;
    this.#logger = options.logger;
    this.#heardAtMs = this.#downSinceMs = systemClock.monotonic();
    this.#endpoint = options.endpoint;
    this.#client = this.#build();
    this.#timer = setInterval(() => this.#supervise(), PING_INTERVAL_MS);
  }

  /** Leaves the server for another one; what is in flight rejects. */
  move(endpoint: Endpoint): void {
    if (this.#closed) return;
    this.#endpoint = endpoint;
    this.#lastError = `not connected to ${endpointLabel(endpoint)} yet`;
    this.#rebuild();
  }

  /** Counts the connections that servers have let in; what two calls share while it stays the same. */
  get session(): number {
    return this.#session;
  }

  async send(name: string, args: readonly Argument[]): Promise<unknown> {
    if (this.#closed) throw closedError();
    if (!this.#usable()) throw new StoreError('unavailable', `Redis: ${this.#lastError}`);
    return this.#exchange(name, args);
  }

  /** Resolves once commands can be sent; rejects with `unavailable` after `timeoutMs`. */
  async ready(timeoutMs: number): Promise<void> {
    const deadlineMs = systemClock.monotonic() + timeoutMs;
    while (!this.#usable()) {
      if (this.#closed) throw closedError();
      if (systemClock.monotonic() > deadlineMs) {
        throw new StoreError('unavailable', `Redis at ${this.#options.label}: ${this.#lastError}`);
      }
      await delay(10);
    }
  }

  status(): StoreStatus {
    return { available: this.#usable(), silentMs: Math.round(systemClock.monotonic() - this.#heardAtMs) };
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    clearInterval(this.#timer);
    if (this.#client !== undefined) await disconnect(this.#client);
  }

  async #exchange(name: string, args: readonly Argument[]): Promise<unknown> {
    const client = this.#client;
    if (client === undefined) throw new StoreError('unavailable', `Redis: ${this.#lastError}`);
    try {
      const reply = await client.callBuffer(name, [...args]);
      this.#heard(client);
      return reply;
    } catch (error) {
      if (this.#closed) throw closedError();
      if (isReply(error)) this.#heard(client);
      if (isMisplaced(error)) this.#options.onMisplaced?.();
      if (isTimeout(error) && client === this.#client) this.#stall();
      throw error;
    }
  }

  #usable(): boolean {
    return !this.#closed && !this.#stalled && this.#client?.status === 'ready';
  }

  #heard(client: Redis): void {
    if (client !== this.#client) return;
    this.#heardAtMs = systemClock.monotonic();
    this.#stalled = false;
  }

  #stall(): void {
    if (!this.#stalled) this.#logger.warn({ redis: this.#options.label }, 'Redis does not answer');
    this.#stalled = true;
    this.#lastError = `no answer within ${COMMAND_TIMEOUT_MS} ms`;
  }

  /** A silent socket is only noticed while a command is in flight: hence the pings. */
  #supervise(): void {
    if (this.#client?.status === 'ready') {
      this.#exchange('PING', []).catch((error: unknown) =>
        this.#logger.debug({ error: String(error) }, 'ping failed'),
      );
      return;
    }
    if (
      this.#client === undefined ||
      systemClock.monotonic() - (this.#downSinceMs ?? Infinity) < REBUILD_AFTER_MS
    )
      return;
    this.#logger.warn({ redis: this.#options.label, error: this.#lastError }, 'building a new Redis client');
    this.#rebuild();
  }

  #rebuild(): void {
    const old = this.#client;
    this.#client = undefined;
    old?.disconnect();
    this.#downSinceMs = systemClock.monotonic();
    this.#stalled = false;
    this.#client = this.#build();
  }

  #build(): Redis | undefined {
    if (this.#endpoint === undefined) return undefined;
    const at = endpointLabel(this.#endpoint);
    const client = createClient(this.#endpoint, this.#options.access, {
      commandTimeout: COMMAND_TIMEOUT_MS,
      socketTimeout: SOCKET_TIMEOUT_MS,
      retryStrategy: (attempt) => Math.min(50 * 2 ** attempt, 1000) + systemRandom.fraction() * 100,
      reconnectOnError: (error) => /^(READONLY|LOADING|MASTERDOWN)/.test(error.message),
    });
    client.on('error', (error: Error) => {
      if (client !== this.#client || this.#closed) return;
      this.#lastError = error.message;
      this.#logger.debug({ redis: this.#options.label, error: error.message }, 'Redis connection failed');
    });
    client.on('ready', () => {
      if (client !== this.#client) return;
      this.#heard(client);
      this.#session += 1;
      this.#downSinceMs = undefined;
      this.#lastError = 'connection lost';
      this.#logger.info({ redis: this.#options.label, at }, 'connected to Redis');
      this.#options.onReady?.();
    });
    client.on('close', () => {
      if (client !== this.#client || this.#closed || this.#downSinceMs !== undefined) return;
      this.#downSinceMs = systemClock.monotonic();
      this.#logger.warn(
        { redis: this.#options.label, error: this.#lastError },
        'lost the connection to Redis',
      );
    });
    return client;
  }
}
