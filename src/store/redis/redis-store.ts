import {
  MAX_BIN_LEASES,
  MAX_BINS,
  type BinAnswer,
  type BinRequest,
  type Commit,
  type CommitResult,
  type Revision,
  type Txn,
} from '../../core/index.ts';
import type { Logger } from '../../platform/logger.ts';
import { StoreError } from '../store.ts';
import type {
  Adoption,
  FailoverReport,
  Renewal,
  Snapshot,
  SnapshotItem,
  Store,
  StoreDetails,
  StoreStatus,
  Sweep,
  SweepRequest,
} from '../store.ts';
import { parseRedisUrl } from './address.ts';
import { CommitQueue, type GroupReply } from './commit-queue.ts';
import { closedError } from './connection.ts';
import { durabilityOf, strongest, type Durabilities, type Durability } from './durability.ts';
import { toStoreError } from './failure.ts';
import type { EncodedTxn } from './frame.ts';
import { storeKeys, type StoreKeys } from './keys.ts';
import { failOver } from './planned-failover.ts';
import { isCertain } from './profile.ts';
import { toArray, toBinAnswer, toNumber, toText } from './reply.ts';
import { scanHash, scanStore } from './scan.ts';
import { asRead, Session, type SessionOptions } from './session.ts';
import { readTls, type TlsFiles } from './tls-files.ts';

const NAMES_PER_CALL = 500;
const MAX_SWEEP_LIMIT = 1000;
const GROUPS_IN_FLIGHT = 4;
const LOG_BYTES = 256 * 1024 * 1024;

export interface RedisStoreOptions {
  /** See `parseRedisUrl`. */
  readonly url: string;
  /** Prefix and hash tag of all keys; default `rollcall`. */
  readonly namespace?: string;
  /** PEM files, where the URL says TLS; without an authority, those that Node trusts. */
  readonly tlsFiles?: TlsFiles;
  /** When a write to a table is acknowledged; default `async` for all. */
  readonly durability?: Durabilities;
  /** How many replicas there are; default: as Sentinel or the cluster says, none for a single Redis. */
  readonly replicas?: number | undefined;
  /** Directory in which to remember what this node has witnessed; default none. */
  readonly witnessDirectory?: string;
  /** Whether `open` refuses a Redis whose settings weaken what the registry promises; default false. */
  readonly strict?: boolean;
  /** Commits the log keeps for followers; default 100,000; fewer where they are large. */
  readonly historyLength?: number;
  /** How long `open` waits for Redis, in ms; default 10,000. */
  readonly openTimeoutMs?: number;
  readonly logger: Logger;
}

/** The store in Redis 6.2 or later; `lua/` holds what runs inside Redis. */
export class RedisStore implements Store {
  readonly kind = 'redis';
  readonly #options: RedisStoreOptions;
  readonly #keys: StoreKeys;
  readonly #sessionOptions: SessionOptions;
  readonly #queues = {
    async: this.#queue('async'),
    safe: this.#queue('safe'),
    all: this.#queue('all'),
  };
  readonly #durability: Durabilities;
  #nextBarrier: Promise<Revision> | undefined;
  #session: Session | undefined;
  #closed = false;
  /** Moving average of what a commit of this node weighs in the log. */
  #commitBytes = 1;

  constructor(options: RedisStoreOptions) {
    const { url, namespace = 'rollcall', tlsFiles = {}, replicas, witnessDirectory, logger } = options;
    this.#options = options;
    this.#keys = storeKeys(namespace);
    this.#durability = options.durability ?? {};
    this.#sessionOptions = {
      address: parseRedisUrl(url),
      tls: readTls(tlsFiles),
      keys: this.#keys,
      replicas,
      witnessDirectory,
      logger,
    };
  }

  async open(): Promise<void> {
    if (this.#closed) throw closedError();
    this.#session ??= new Session(this.#sessionOptions);
    const { link, advisor } = this.#session;
    await link.ready(this.#options.openTimeoutMs ?? 10_000);
    // The fence's own refusal proves that this is a primary on which the scripts may run.
    await this.#session.run('read', 'revision').catch((error: unknown) => {
      if (!(error instanceof StoreError && error.code === 'epoch_changed')) throw error;
    });
    const advice = await advisor.look().catch((error: unknown) => {
      throw toStoreError(error, 'read');
    });
    const certain = advice.filter(isCertain);
    if (this.#options.strict !== true || certain.length === 0) return;
    const settings = certain.map(({ setting, value, should }) => `${setting} is ${value}, not ${should}`);
    throw new Error(`Redis is refused, since strict: ${settings.join('; ')}`);
  }

  async close(): Promise<void> {
    this.#closed = true;
    for (const queue of Object.values(this.#queues)) queue.refuse(closedError());
    await this.#session?.close();
  }

  async adopt(witnessed: Revision): Promise<Adoption> {
    return this.#opened().adopt(witnessed);
  }

  commit(txn: Txn): Promise<CommitResult> {
    return this.#queues[durabilityOf(txn, this.#durability)].commit(txn);
  }

  async revision(): Promise<Revision> {
    const session = this.#opened();
    return session.witnessed(toNumber(await session.run('read', 'revision')));
  }

  async barrier(): Promise<Revision> {
    const session = this.#opened();
    this.#nextBarrier ??= this.#sendBarrier(session);
    return session.witnessed(await this.#nextBarrier);
  }

  async snapshot(signal: AbortSignal): Promise<Snapshot> {
    return { base: await this.revision(), items: this.#scan(signal) };
  }

  async *follow(after: Revision, signal: AbortSignal): AsyncGenerator<readonly Commit[]> {
    yield* this.#opened().follow(after, signal);
  }

  async renew(renewals: readonly Renewal[]): Promise<readonly boolean[]> {
    const replies = await Promise.all(
      slices(renewals, NAMES_PER_CALL).map((slice) => this.#opened().run('write', 'renew', runsOf(slice))),
    );
    return replies.flatMap((reply) => toArray(reply).map((exists) => exists === 1));
  }

  async sweep(request: SweepRequest): Promise<Sweep> {
    const limit = Math.min(request.limit, MAX_SWEEP_LIMIT);
    const reply = await this.#opened().run('write', 'sweep', [request.sweeper, limit]);
    const [leader, now, resumedAt, ...due] = toArray(reply);
    return {
      leader: leader === 1,
      nowMs: toNumber(now),
      resumedAtMs: toNumber(resumedAt),
      due: due.map(toText),
    };
  }

  async acquire({ pool, lease, ttlMs, bins, divisor, declined }: BinRequest): Promise<BinAnswer> {
    const shares = bins.slice(0, MAX_BINS).flatMap(({ name, share }) => [name, share]);
    const args = [pool, lease, ttlMs, declined ?? '', MAX_BIN_LEASES, divisor, ...shares];
    return toBinAnswer(await this.#opened().run('write', 'acquire', args));
  }

  async release(pool: string, lease: string): Promise<boolean> {
    return (await this.#opened().run('write', 'release', [pool, lease])) === 1;
  }

  async compact(upTo: Revision): Promise<void> {
    await this.#opened().run('write', 'compact', [upTo]);
    const topics = mapErrors(scanHash(this.#opened().sender, this.#keys.topics));
    for await (const page of topics) {
      const old = page.filter(([, revision]) => toNumber(revision) <= upTo).map(([topic]) => topic);
      for (const slice of slices(old, NAMES_PER_CALL)) {
        await this.#opened().run('write', 'compact', [upTo, ...slice]);
      }
    }
  }

  status(): StoreStatus {
    return this.#session?.link.status() ?? { available: false, silentMs: 0 };
  }

  details(): StoreDetails | undefined {
    return this.#session?.details();
  }

  async failover(): Promise<FailoverReport> {
    return failOver(this.#opened().link, this.#sessionOptions.address).catch((error: unknown) => {
      throw toStoreError(error, 'read');
    });
  }

  async *#scan(signal: AbortSignal): AsyncGenerator<readonly SnapshotItem[]> {
    for await (const page of mapErrors(scanStore(this.#opened().sender, this.#keys))) {
      signal.throwIfAborted();
      yield page;
    }
  }

  /** Groups that wait for replicas do so one after another, and so become larger. */
  #queue(durability: Durability): CommitQueue {
    const maxGroupsInFlight = () =>
      this.#session?.waitsForReplicas(durability) === true ? 1 : GROUPS_IN_FLIGHT;
    return new CommitQueue(maxGroupsInFlight, (group) => this.#sendGroup(group, durability));
  }

  async #sendGroup(group: readonly EncodedTxn[], durability: Durability): Promise<GroupReply> {
    const bytes = group.reduce((sum, { frame }) => sum + frame.length, 0);
    this.#commitBytes += (bytes / group.length - this.#commitBytes) / 100;
    const keep = Math.ceil(Math.min(this.#options.historyLength ?? 100_000, LOG_BYTES / this.#commitBytes));
    const args = [keep, ...group.flatMap(({ guard, frame }) => [guard, frame])];
    const session = this.#opened();
    const reply =
      durability === 'async'
        ? session.run('write', 'commit', args)
        : session.runConfirmed(durability, 'commit', () => args);
    const [base, ...failed] = toArray(await reply);
    return { base: toNumber(base), failedCompares: failed.map(toNumber) };
  }

  /** Serves all who ask before it is sent; as durable as the most durable write, so that it vouches for every one. */
  async #sendBarrier(session: Session): Promise<Revision> {
    const durability = strongest(['safe', ...Object.values(this.#durability)]);
    try {
      const reply = await session.runConfirmed(durability, 'barrier', () => {
        this.#nextBarrier = undefined;
        return [];
      });
      return toNumber(reply);
    } catch (error) {
      throw asRead(error);
    }
  }

  #opened(): Session {
    if (this.#closed) throw closedError();
    if (this.#session === undefined) throw new StoreError('unavailable', 'the store is not open');
    return this.#session;
  }
}

/** As `lua/renew.lua` takes them: a time to live, how many leases in a row have it, and their names. */
function runsOf(renewals: readonly Renewal[]): (string | number)[] {
  const args: (string | number)[] = [];
  let countAt = 0;
  let count = 0;
  for (const [i, { lease, ttlMs }] of renewals.entries()) {
    if (ttlMs !== renewals[i - 1]?.ttlMs) {
      countAt = args.push(ttlMs, 0) - 1;
      count = 0;
    }
    args[countAt] = ++count;
    args.push(lease);
  }
  return args;
}

async function* mapErrors<T>(items: AsyncIterable<T>): AsyncGenerator<T> {
  try {
    yield* items;
  } catch (error) {
    throw toStoreError(error, 'read');
  }
}

function slices<T>(items: readonly T[], size: number): T[][] {
  return Array.from({ length: Math.ceil(items.length / size) }, (_, i) =>
    items.slice(i * size, (i + 1) * size),
  );
}
