import { once } from 'node:events';
import { Redis, type CommonRedisOptions } from 'ioredis';
import { StoreError } from '../store.ts';
import type { Endpoint, Login } from './address.ts';

const CLOSE_TIMEOUT_MS = 300;

export type Argument = string | number | Buffer;

/** Sends one command to one server; a reply is a buffer, a number, null or an array of these. */
export interface Sender {
  send(name: string, args: readonly Argument[]): Promise<unknown>;
}

/** PEM contents for TLS; without an authority, those that Node trusts. */
export interface TlsMaterial {
  readonly ca?: Buffer;
  readonly cert?: Buffer;
  readonly key?: Buffer;
}

/** How to be let in by a server. */
export interface Access {
  readonly login: Login;
  readonly db: number;
  /** Undefined for plain TCP. */
  readonly tls: TlsMaterial | undefined;
}

/** What the kinds of connections differ in. */
export type ClientOptions = Pick<
  CommonRedisOptions,
  'commandTimeout' | 'socketTimeout' | 'retryStrategy' | 'reconnectOnError' | 'lazyConnect'
>;

/**
 * Builds a client of one server; the only place that does.
 *
 * Every option that all clients share closes a way to hang, to resend or to queue. The caller adds
 * its deadlines and must listen to `error`. The package's own modes for Sentinel and Cluster are not
 * used: see docs/adr.
 */
export function createClient(endpoint: Endpoint, access: Access, options: ClientOptions): Redis {
  return new Redis({
    ...endpoint,
    ...(access.tls === undefined ? {} : { tls: access.tls }),
    ...access.login,
    db: access.db,
    connectionName: 'rollcall',
    disableClientInfo: true,
    // RESP3 changes the shape of XREAD replies and needs HELLO, which some proxies refuse.
    protocol: 2,
    enableOfflineQueue: false,
    maxRetriesPerRequest: 0,
    autoResendUnfulfilledCommands: false,
    enableReadyCheck: true,
    maxLoadingRetryTime: 500,
    connectTimeout: 1000,
    disconnectTimeout: CLOSE_TIMEOUT_MS,
    keepAlive: 5000,
    ...options,
  });
}

/** Ends a client for good; resolves when its socket is closed, or soon after in any case. */
export async function disconnect(client: Redis): Promise<void> {
  const open = ['connecting', 'connect', 'ready'].includes(client.status);
  client.disconnect();
  if (!open) return;
  await once(client, 'end', { signal: AbortSignal.timeout(2 * CLOSE_TIMEOUT_MS) }).catch(() => undefined);
}

export function closedError(): StoreError {
  return new StoreError('closed', 'the store was closed');
}
