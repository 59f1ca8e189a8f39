import {
  keyOf,
  leasesOfRecord,
  TABLES,
  type Setting,
  type State,
  type Stored,
  type Table,
  type Txn,
} from '../core/index.ts';
import type { Clock } from '../platform/clock.ts';
import type { Logger } from '../platform/logger.ts';
import type { Adoption, Store } from '../store/store.ts';
import { encodeValue } from './codec.ts';

const BATCH = 50;
const TOPIC_BATCH = 1000;
const MARKER = 'refill';
const TAKE_OVER_MS = 10_000;

/**
 * Decides who refills a store that came back empty, and whether a snapshot may replace the view.
 *
 * The node that adopted the empty store refills it. The others keep the view they have meanwhile,
 * and take over when that takes too long.
 */
export class Refilling {
  readonly #clock: Clock;
  #due = false;
  #waitingSince: number | undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Refills where it is this node's turn; a failed refill stays due. */
  async run(store: Store, held: State, adoption: Adoption, logger: Logger): Promise<void> {
    if (adoption.fresh && held.size > 0) this.#due = true;
    if (this.#waitingSince !== undefined && this.#clock.monotonic() - this.#waitingSince > TAKE_OVER_MS)
      this.#due = true;
    if (!this.#due) return;
    await refill(store, held, logger);
    this.#due = false;
    this.#waitingSince = undefined;
  }

  /** Whether `next` is a store that somebody is still refilling. */
  mustWait(next: State, held: State): boolean {
    const partial = next.settings.has(MARKER) || (next.size === 0 && held.size > 0);
    this.#waitingSince = partial ? (this.#waitingSince ?? this.#clock.monotonic()) : undefined;
    return partial;
  }
}

/**
 * Writes a view's records into an empty store, so that the registry's memory heals it.
 *
 * A record that somebody has registered anew meanwhile wins over the remembered one; leases start
 * over with their full time to live.
 */
async function refill(store: Store, held: State, logger: Logger): Promise<void> {
  logger.warn({ records: held.size }, 'the store came back empty; refilling it from this view');
  const marker: Stored<Setting> = { name: MARKER, value: true, createRevision: 0, modifyRevision: 0 };
  await store.commit(putting('setting', marker));
  let refused = 0;
  for (const batch of batches(records(held), BATCH)) {
    const results = await Promise.all(batch.map((txn) => store.commit(txn)));
    refused += results.filter(({ outcome }) => outcome === 'conflict').length;
  }
  for (const touches of batches(held.topics.keys(), TOPIC_BATCH)) await store.commit({ ...EMPTY, touches });
  await store.commit({ ...EMPTY, deletes: [{ table: 'setting', key: MARKER }] });
  logger.warn({ refused }, 'refilled the store');
}

const EMPTY: Txn = {
  operation: 'refill',
  compares: [],
  puts: [],
  deletes: [],
  touches: [],
  grants: [],
  revokes: [],
};

function* records(held: State): Generator<Txn> {
  for (const table of TABLES) for (const record of held.values(table)) yield putting(table, record);
}

function putting(table: Table, record: Stored<object>): Txn {
  const { createRevision, modifyRevision: _modify, ...value } = record;
  const key = keyOf(table, value as never);
  const put = { table, key, value: encodeValue({ table, value } as never), createRevision };
  const grants = leasesOfRecord(table, value as never);
  return { ...EMPTY, compares: [{ kind: 'record', table, key, revision: 0 }], puts: [put], grants };
}

function* batches<T>(items: Iterable<T>, size: number): Generator<T[]> {
  let batch: T[] = [];
  for (const item of items) {
    if (batch.push(item) < size) continue;
    yield batch;
    batch = [];
  }
  if (batch.length > 0) yield batch;
}
