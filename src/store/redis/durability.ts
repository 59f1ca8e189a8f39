import type { Table, Txn } from '../../core/index.ts';
import { systemClock } from '../../platform/clock.ts';
import { StoreError } from '../store.ts';
import type { CommandConnection } from './command-connection.ts';
import type { Sender } from './connection.ts';
import type { Place } from './locator.ts';
import { toNumber } from './reply.ts';

/**
 * When a write is acknowledged: `async` once the primary has it, `safe` once one replica has it too,
 * `all` once every replica has it.
 *
 * Only `all` survives the failover of a primary that lives: a replica that confirms a write is no
 * vote for it.
 */
export type Durability = 'async' | 'safe' | 'all';

/** By table; `async` where one is left out. */
export type Durabilities = Partial<Readonly<Record<Table, Durability>>>;

const RANKS: readonly Durability[] = ['async', 'safe', 'all'];
const WAIT_MS = 500;

/** The strongest durability of the tables that a transaction writes. */
export function durabilityOf({ puts, deletes }: Txn, byTable: Durabilities): Durability {
  let durability: Durability = 'async';
  for (const { table } of puts) durability = stronger(durability, byTable[table]);
  for (const { table } of deletes) durability = stronger(durability, byTable[table]);
  return durability;
}

export function strongest(levels: readonly Durability[]): Durability {
  return levels.reduce(stronger, 'async');
}

function stronger(one: Durability, other: Durability = 'async'): Durability {
  return RANKS.indexOf(other) > RANKS.indexOf(one) ? other : one;
}

/**
 * How many replicas must confirm.
 *
 * Dead replicas count for `all`. `safe` asks for one that lives; where the sentinels or the cluster
 * agree that none does, there is nobody to ask.
 */
export function confirmations(durability: Durability, place: Place | undefined): number {
  if (durability === 'async' || place === undefined) return 0;
  return durability === 'all' ? place.knownReplicas : Math.min(1, place.liveReplicas);
}

/**
 * Runs writes on a connection of their own, each followed by WAIT; one after another while there are replicas to wait
 * for.
 *
 * WAIT blocks its connection and counts what that connection wrote; hence both.
 */
export class ConfirmedWrites {
  readonly #connection: CommandConnection;
  #last: Promise<unknown> = Promise.resolve();

  constructor(connection: CommandConnection) {
    this.#connection = connection;
  }

  /** Rejects with `unknown_outcome` where fewer than `replicas()` confirmed in time. */
  async run<T>(write: (sender: Sender) => Promise<T>, replicas: () => number): Promise<T> {
    const waits = replicas() > 0;
    // Never before the caller goes on: what is to be written is asked for when the turn comes.
    const turn = (waits ? this.#last : Promise.resolve()).then(() => this.#write(write, replicas));
    if (waits) this.#last = turn.catch(() => undefined);
    return turn;
  }

  async #write<T>(write: (sender: Sender) => Promise<T>, replicas: () => number): Promise<T> {
    const { session } = this.#connection;
    const result = await write(this.#connection);
    await this.#confirm(session, replicas());
    return result;
  }

  async #confirm(session: number, replicas: number): Promise<void> {
    if (replicas === 0) return;
    if (session !== this.#connection.session) throw lost('the connection that wrote is gone');
    const startedAt = systemClock.monotonic();
    const confirmed = toNumber(await this.#connection.send('WAIT', [replicas, WAIT_MS]));
    if (confirmed >= replicas) return;
    const ms = Math.round(systemClock.monotonic() - startedAt);
    throw lost(`${confirmed} of ${replicas} replicas confirmed within ${ms} ms`);
  }
}

function lost(reason: string): StoreError {
  return new StoreError('unknown_outcome', `Redis: ${reason}`);
}
