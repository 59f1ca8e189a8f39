import {
  keyOf,
  leasesOfRecord,
  TABLES,
  type Revision,
  type State,
  type Stored,
  type Table,
  type Txn,
} from '../core/index.ts';
import type { Clock } from '../platform/clock.ts';
import type { Logger } from '../platform/logger.ts';
import { StoreError, type Adoption, type Store } from '../store/store.ts';
import { encodeValue } from './codec.ts';

const BATCH = 50;
const TOPIC_BATCH = 1000;
const MARKER = 'refill';
/** A marker that has not moved for so long is that of a node that died. */
const TAKE_OVER_MS = 10_000;
const MARK_EVERY_MS = 1000;

/**
 * Refills a store that came back empty, or decides who does, and whether a snapshot may replace the view.
 *
 * The node that adopted the empty store refills it. The others keep the view they have meanwhile, and take over where
 * it makes no progress. The marker says who refills: each write rests on it, so that whoever was taken over, or stood
 * still until it was done, brings nothing back that has been deleted since.
 */
export class Refilling {
  readonly #clock: Clock;
  #due = false;
  /** Revision of the marker as this node wrote or saw it last; 0 for none. */
  #marker: Revision = 0;
  /** Since when the marker is as it is. */
  #waitingSince: number | undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Refills where it is this node's turn; a failed refill stays due. Throws `gap` where another node has taken over. */
  async run(store: Store, held: State, adoption: Adoption, logger: Logger): Promise<void> {
    if (adoption.fresh) this.#marker = 0;
    if (adoption.fresh && held.size > 0) this.#due = true;
    if (this.#waitingSince !== undefined && this.#clock.monotonic() - this.#waitingSince > TAKE_OVER_MS)
      this.#due = true;
    if (!this.#due) return;
    logger.warn({ records: held.size }, 'the store came back empty; refilling it from this view');
    const refused = await this.#refill(store, held);
    logger.warn({ refused }, 'refilled the store');
    this.#due = false;
    this.#waitingSince = undefined;
  }

  /** Whether `next` is a store that somebody is still refilling. */
  mustWait(next: State, held: State): boolean {
    const marker = next.settings.get(MARKER)?.modifyRevision ?? 0;
    const isPartial = marker !== 0 || (next.size === 0 && held.size > 0);
    if (!isPartial) this.#waitingSince = undefined;
    else if (marker !== this.#marker || this.#waitingSince === undefined)
      this.#waitingSince = this.#clock.monotonic();
    this.#marker = marker;
    return isPartial;
  }

  /**
   * Writes a view's records into an empty store, so that the registry's memory heals it; answers how many were
   * there already.
   *
   * A record that somebody has registered anew meanwhile wins over the remembered one; leases start
   * over with their full time to live.
   */
  async #refill(store: Store, held: State): Promise<number> {
    await this.#mark(store);
    let markedAt = this.#clock.monotonic();
    let refused = 0;
    for (const batch of batches(records(held), BATCH)) {
      const results = await Promise.all(batch.map((txn) => this.#write(store, txn)));
      refused += results.filter((isWritten) => !isWritten).length;
      if (this.#clock.monotonic() - markedAt < MARK_EVERY_MS) continue;
      await this.#mark(store);
      markedAt = this.#clock.monotonic();
    }
    for (const touches of batches(held.topics.keys(), TOPIC_BATCH))
      await this.#write(store, { ...EMPTY, touches });
    await this.#write(store, { ...EMPTY, deletes: [{ table: 'setting', key: MARKER }] });
    return refused;
  }

  /** Says that this node refills and makes progress. */
  async #mark(store: Store): Promise<void> {
    const value = { name: MARKER, value: true, createRevision: 0, modifyRevision: 0 };
    const { puts } = putting('setting', value);
    const result = await store.commit({ ...EMPTY, compares: [markedAt(this.#marker)], puts });
    if (result.outcome === 'conflict') this.#lose();
    else this.#marker = result.revision;
  }

  /** Whether it was written; not where the record is there already. */
  async #write(store: Store, txn: Txn): Promise<boolean> {
    const marker = markedAt(this.#marker);
    const result = await store.commit({ ...txn, compares: [marker, ...txn.compares] });
    if (result.outcome === 'applied') return true;
    const { compare } = result;
    if (compare.kind === 'record' && compare.table === marker.table && compare.key === marker.key)
      this.#lose();
    return false;
  }

  #lose(): never {
    this.#due = false;
    throw new StoreError('gap', 'another node refills the store');
  }
}

function markedAt(revision: Revision) {
  return { kind: 'record', table: 'setting', key: MARKER, revision } as const;
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
