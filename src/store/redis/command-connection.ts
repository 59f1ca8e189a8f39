import { setTimeout as delay } from 'node:timers/promises';
import type { Redis } from 'ioredis';
import { systemClock } from '../../platform/clock.ts';
import type { Logger } from '../../platform/logger.ts';
import { systemRandom } from '../../platform/random.ts';
import { StoreError, type StoreStatus } from '../store.ts';
import type { RedisAddress } from './address.ts';
import { closedError, createClient, disconnect, type Argument, type Sender } from './connection.ts';
import { isReply, isTimeout } from './failure.ts';

const COMMAND_TIMEOUT_MS = 1000;
const SOCKET_TIMEOUT_MS = 1500;
const PING_INTERVAL_MS = 500;
const REBUILD_AFTER_MS = 5000;

/**
 * The connection that all commands but blocking ones share.
 *
 * Nothing is queued while it is down and nothing is ever sent twice: a command that could not be
 * sent rejects at once with `unavailable`, one whose reply was lost within a second. After a timeout
 * further commands are refused until the server answers anything again. A client that has not been
 * ready for five seconds is thrown away and built anew.
 */
export class CommandConnection implements Sender {
  readonly #address: RedisAddress;
  readonly #logger: Logger;
  readonly #timer: NodeJS.Timeout;
  #client: Redis;
  #heardAtMs: number;
  #downSinceMs: number | undefined;
  #stalled = false;
  #closed = false;
  #lastError = 'not connected yet';

  constructor(address: RedisAddress, logger: Logger) {
    this.#address = address;
    this.#logger = logger;
    this.#heardAtMs = this.#downSinceMs = systemClock.monotonic();
    this.#client = this.#build();
    this.#timer = setInterval(() => this.#supervise(), PING_INTERVAL_MS);
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
        throw new StoreError('unavailable', `Redis at ${this.#address.label}: ${this.#lastError}`);
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
    await disconnect(this.#client);
  }

  async #exchange(name: string, args: readonly Argument[]): Promise<unknown> {
    const client = this.#client;
    try {
      const reply = await client.callBuffer(name, [...args]);
      this.#heard(client);
      return reply;
    } catch (error) {
      if (this.#closed) throw closedError();
      if (isReply(error)) this.#heard(client);
      if (isTimeout(error) && client === this.#client) this.#stall();
      throw error;
    }
  }

  #usable(): boolean {
    return !this.#closed && !this.#stalled && this.#client.status === 'ready';
  }

  #heard(client: Redis): void {
    if (client !== this.#client) return;
    this.#heardAtMs = systemClock.monotonic();
    this.#stalled = false;
  }

  #stall(): void {
    if (!this.#stalled) this.#logger.warn({ redis: this.#address.label }, 'Redis does not answer');
    this.#stalled = true;
    this.#lastError = `no answer within ${COMMAND_TIMEOUT_MS} ms`;
  }

  /** A silent socket is only noticed while a command is in flight: hence the pings. */
  #supervise(): void {
    if (this.#client.status === 'ready') {
      this.#exchange('PING', []).catch((error: unknown) =>
        this.#logger.debug({ error: String(error) }, 'ping failed'),
      );
      return;
    }
    if (systemClock.monotonic() - (this.#downSinceMs ?? Infinity) < REBUILD_AFTER_MS) return;
    this.#logger.warn({ redis: this.#address.label, error: this.#lastError }, 'building a new Redis client');
    this.#client.disconnect();
    this.#downSinceMs = systemClock.monotonic();
    this.#client = this.#build();
  }

  #build(): Redis {
    const client = createClient(this.#address, {
      commandTimeout: COMMAND_TIMEOUT_MS,
      socketTimeout: SOCKET_TIMEOUT_MS,
      retryStrategy: (attempt) => Math.min(50 * 2 ** attempt, 1000) + systemRandom.fraction() * 100,
      reconnectOnError: (error) => /^(READONLY|LOADING|MASTERDOWN)/.test(error.message),
    });
    client.on('error', (error: Error) => {
      if (client !== this.#client || this.#closed) return;
      this.#lastError = error.message;
      this.#logger.debug({ redis: this.#address.label, error: error.message }, 'Redis connection failed');
    });
    client.on('ready', () => {
      if (client !== this.#client) return;
      this.#heard(client);
      this.#downSinceMs = undefined;
      this.#lastError = 'connection lost';
      this.#logger.info({ redis: this.#address.label }, 'connected to Redis');
    });
    client.on('close', () => {
      if (client !== this.#client || this.#closed || this.#downSinceMs !== undefined) return;
      this.#downSinceMs = systemClock.monotonic();
      this.#logger.warn(
        { redis: this.#address.label, error: this.#lastError },
        'lost the connection to Redis',
      );
    });
    return client;
  }
}
