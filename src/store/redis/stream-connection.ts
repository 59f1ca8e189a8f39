import type { Redis } from 'ioredis';
import type { Endpoint } from './address.ts';
import { createClient, type Access, type Argument, type Sender } from './connection.ts';
import { isReply } from './failure.ts';

const SOCKET_TIMEOUT_MS = 3000;

/**
 * A connection for one follower's blocking reads; it ends with its first failure and is not revived,
 * because the follower has to find out anyway whether the server still continues its history.
 */
export class StreamConnection implements Sender {
  readonly #client: Redis;
  #lastError: Error | undefined;

  constructor(endpoint: Endpoint, access: Access) {
    this.#client = createClient(endpoint, access, {
      lazyConnect: true,
      // No deadline per command: a blocking read may take its time, silence of the socket may not.
      socketTimeout: SOCKET_TIMEOUT_MS,
      retryStrategy: () => null,
    });
    this.#client.on('error', (error: Error) => {
      this.#lastError = error;
    });
  }

  async connect(): Promise<void> {
    await this.#client.connect().catch((error: unknown) => this.#fail(error));
  }

  async send(name: string, args: readonly Argument[]): Promise<unknown> {
    return this.#client.callBuffer(name, [...args]).catch((error: unknown) => this.#fail(error));
  }

  close(): void {
    this.#client.disconnect();
  }

  /** The client only says that it is closed; what the socket said before tells more. */
  #fail(error: unknown): never {
    throw isReply(error) ? error : (this.#lastError ?? error);
  }
}
