import {
  epochOf,
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
  Renewal,
  Snapshot,
  SnapshotItem,
  Store,
  StoreStatus,
  Sweep,
  SweepRequest,
} from '../store.ts';
import { parseRedisUrl, type RedisAddress } from './address.ts';
import { CommandConnection } from './command-connection.ts';
import { CommitQueue, type GroupReply } from './commit-queue.ts';
import { closedError, type Argument, type Sender } from './connection.ts';
import { toStoreError, type Effect } from './failure.ts';
import { followLog } from './follow.ts';
import type { EncodedTxn } from './frame.ts';
import { storeKeys, type StoreKeys } from './keys.ts';
import { toArray, toBinAnswer, toNumber, toText } from './reply.ts';
import { scanHash, scanStore } from './scan.ts';
import { Scripts, type ScriptName } from './scripts.ts';
import { StreamConnection } from './stream-connection.ts';

const NAMES_PER_CALL = 500;
const MAX_SWEEP_LIMIT = 1000;
const LOG_BYTES = 256 * 1024 * 1024;

export interface RedisStoreOptions {
  /** `redis://[user[:password]@]host[:port][/db]`, `rediss://...` or `unix:///path`. */
  readonly url: string;
  /** Prefix and hash tag of all keys; default `rollcall`. */
  readonly namespace?: string;
  /** Commits the log keeps for followers; default 100,000; fewer where they are large. */
  readonly historyLength?: number;
  /** How long `open` waits for Redis, in ms; default 10,000. */
  readonly openTimeoutMs?: number;
  readonly logger: Logger;
}

/** The store in Redis 6.2 or later; `lua/` holds what runs inside Redis. */
export class RedisStore implements Store {
  readonly kind = 'redis';
  readonly #address: RedisAddress;
  readonly #keys: StoreKeys;
  readonly #scripts: Scripts;
  readonly #queue = new CommitQueue((group) => this.#sendGroup(group));
  readonly #closing = new AbortController();
  readonly #logger: Logger;
  readonly #historyLength: number;
  readonly #openTimeoutMs: number;
  #connection: CommandConnection | undefined;
  /** Names the epoch that this store adopted last; every script compares it. */
  #line = '';
  /** Moving average of what a commit of this node weighs in the log. */
  #commitBytes = 1;

  constructor(options: RedisStoreOptions) {
    this.#address = parseRedisUrl(options.url);
    this.#keys = storeKeys(options.namespace ?? 'rollcall');
    this.#scripts = new Scripts(this.#keys.all);
    this.#logger = options.logger;
    this.#historyLength = options.historyLength ?? 100_000;
    this.#openTimeoutMs = options.openTimeoutMs ?? 10_000;
  }

  async open(): Promise<void> {
    if (this.#closing.signal.aborted) throw closedError();
    this.#connection ??= new CommandConnection(this.#address, this.#logger);
    await this.#connection.ready(this.#openTimeoutMs);
    // The fence's own refusal proves that this is a primary on which the scripts may run.
    await this.#run('read', 'revision', ['']).catch((error: unknown) => {
      if (!(error instanceof StoreError && error.code === 'epoch_changed')) throw error;
    });
  }

  async close(): Promise<void> {
    this.#closing.abort();
    this.#queue.refuse(closedError());
    await this.#connection?.close();
  }

  async adopt(witnessed: Revision): Promise<Adoption> {
    const reply = toArray(await this.#run('write', 'adopt', [witnessed, this.#line]));
    const revision = toNumber(reply[0]);
    this.#line = toText(reply[4]);
    return {
      revision,
      epoch: epochOf(revision),
      opened: reply[1] === 1,
      lost: toNumber(reply[2]),
      fresh: reply[3] === 1,
    };
  }

  async commit(txn: Txn): Promise<CommitResult> {
    return this.#queue.commit(txn);
  }

  async revision(): Promise<Revision> {
    return toNumber(await this.#run('read', 'revision', [this.#line]));
  }

  async barrier(): Promise<Revision> {
    return toNumber(await this.#run('read', 'barrier', [this.#line]));
  }

  async snapshot(signal: AbortSignal): Promise<Snapshot> {
    return { base: await this.revision(), items: this.#scan(signal) };
  }

  async *follow(after: Revision, signal: AbortSignal): AsyncGenerator<readonly Commit[]> {
    const line = this.#line;
    const stream = new StreamConnection(this.#address);
    const stop = AbortSignal.any([signal, this.#closing.signal]);
    const close = (): void => stream.close();
    stop.addEventListener('abort', close, { once: true });
    try {
      stop.throwIfAborted();
      await stream.connect();
      const revision = async (): Promise<Revision> =>
        toNumber(await this.#scripts.run(stream, 'revision', [line]));
      yield* followLog({ sender: stream, log: this.#keys.log, revision }, after);
    } catch (error) {
      if (this.#closing.signal.aborted) throw closedError();
      if (!signal.aborted) throw toStoreError(error, 'read');
    } finally {
      stop.removeEventListener('abort', close);
      close();
    }
  }

  async renew(renewals: readonly Renewal[]): Promise<readonly boolean[]> {
    const replies = await Promise.all(
      slices(renewals, NAMES_PER_CALL).map((slice) =>
        this.#run('write', 'renew', [this.#line, ...slice.flatMap(({ lease, ttlMs }) => [lease, ttlMs])]),
      ),
    );
    return replies.flatMap((reply) => toArray(reply).map((exists) => exists === 1));
  }

  async sweep(request: SweepRequest): Promise<Sweep> {
    const limit = Math.min(request.limit, MAX_SWEEP_LIMIT);
    const reply = await this.#run('write', 'sweep', [this.#line, request.sweeper, limit]);
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
    const args = [this.#line, pool, lease, ttlMs, declined ?? '', MAX_BIN_LEASES, divisor, ...shares];
    return toBinAnswer(await this.#run('write', 'acquire', args));
  }

  async release(pool: string, lease: string): Promise<boolean> {
    return (await this.#run('write', 'release', [this.#line, pool, lease])) === 1;
  }

  async compact(upTo: Revision): Promise<void> {
    await this.#run('write', 'compact', [this.#line, upTo]);
    const topics = mapErrors(scanHash(this.#connected(), this.#keys.topics));
    for await (const page of topics) {
      const old = page.filter(([, revision]) => toNumber(revision) <= upTo).map(([topic]) => topic);
      for (const slice of slices(old, NAMES_PER_CALL)) {
        await this.#run('write', 'compact', [this.#line, upTo, ...slice]);
      }
    }
  }

  status(): StoreStatus {
    return this.#connection?.status() ?? { available: false, silentMs: 0 };
  }

  async *#scan(signal: AbortSignal): AsyncGenerator<readonly SnapshotItem[]> {
    for await (const page of mapErrors(scanStore(this.#connected(), this.#keys))) {
      signal.throwIfAborted();
      yield page;
    }
  }

  async #sendGroup(group: readonly EncodedTxn[]): Promise<GroupReply> {
    const bytes = group.reduce((sum, { frame }) => sum + frame.length, 0);
    this.#commitBytes += (bytes / group.length - this.#commitBytes) / 100;
    const keep = Math.ceil(Math.min(this.#historyLength, LOG_BYTES / this.#commitBytes));
    const args = group.flatMap(({ guard, frame }) => [guard, frame]);
    const [base, ...failed] = toArray(await this.#run('write', 'commit', [this.#line, keep, ...args]));
    return { base: toNumber(base), failedCompares: failed.map(toNumber) };
  }

  async #run(effect: Effect, name: ScriptName, args: readonly Argument[]): Promise<unknown> {
    try {
      return await this.#scripts.run(this.#connected(), name, args);
    } catch (error) {
      throw toStoreError(error, effect);
    }
  }

  #connected(): Sender {
    if (this.#closing.signal.aborted) throw closedError();
    if (this.#connection === undefined) throw new StoreError('unavailable', 'the store is not open');
    return this.#connection;
  }
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
