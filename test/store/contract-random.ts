import { expect } from 'chai';
import { TABLES, type Compare, type Table, type Txn } from '../../src/core/index.ts';
import type { Store } from '../../src/store/store.ts';
import type { Subject } from './contract.ts';
import { commitsUpTo, picture, plain, plainRecords, txn, type Harness } from './harness.ts';
import { StoreModel } from './model.ts';

const SEEDS = process.env['ROLLCALL_TEST_SEED']?.split(',').map(Number) ?? [1, 20_261_120];
const ROUNDS = 60;
const KEYS = ['a', 'b', 'c\0d', 'ü'];
const TOPICS = ['t', 'u', 'v'];
const LEASES = ['l', 'm', 'n'];
const TTL_MS = 3_600_000;

/** Mulberry32: 32 bits of state are plenty for choosing test cases. */
function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

class Chooser {
  readonly #fraction: () => number;

  constructor(seed: number) {
    this.#fraction = seeded(seed);
  }

  below(limit: number): number {
    return Math.floor(this.#fraction() * limit);
  }

  chance(probability: number): boolean {
    return this.#fraction() < probability;
  }

  some<T>(items: readonly T[], probability: number): T[] {
    return items.filter(() => this.chance(probability));
  }

  /** A transaction whose compares mostly hold in the model's state, so that many apply. */
  txn(model: StoreModel): Txn {
    const records = TABLES.slice(0, 2).flatMap((table) => KEYS.map((key) => ({ table, key })));
    const written = this.some(records, 0.25);
    const deletes = this.some(written, 0.3);
    const kept = written.filter((record) => !deletes.includes(record));
    const granted = this.some(LEASES, 0.3);
    return txn({
      compares: this.#compares(model, records),
      puts: kept.map((record) => this.#put(model, record)),
      deletes,
      touches: this.some(TOPICS, 0.3),
      grants: granted.map((lease) => ({ lease, ttlMs: TTL_MS })),
      revokes: this.some(LEASES, 0.2).filter((lease) => !granted.includes(lease)),
    });
  }

  #compares(model: StoreModel, records: readonly { table: Table; key: string }[]): Compare[] {
    const compares: Compare[] = this.some(records, 0.2).map(({ table, key }) => {
      const held = model.state.records.get(`${table}/${key}`)?.modifyRevision ?? 0;
      return {
        kind: 'record',
        table,
        key,
        revision: this.chance(0.9) ? held : this.below(model.revision + 2),
      };
    });
    for (const topic of this.some(TOPICS, 0.2)) {
      const age = this.chance(0.7) ? 0 : this.below(5);
      compares.push({ kind: 'topic', topic, revision: Math.max(0, model.revision - age) });
    }
    if (this.chance(0.03)) compares.push({ kind: 'lease-due', lease: LEASES[this.below(3)] ?? '' });
    return compares;
  }

  #put(model: StoreModel, { table, key }: { table: Table; key: string }): Txn['puts'][number] {
    const held = model.state.records.get(`${table}/${key}`);
    const value = Uint8Array.from({ length: this.below(40) }, () => this.below(256));
    return { table, key, value, createRevision: this.chance(0.5) ? (held?.createRevision ?? 0) : 0 };
  }
}

/** Sends transactions at once and holds every answer against the model. */
async function round(store: Store, model: StoreModel, txns: readonly Txn[]): Promise<void> {
  const from = model.revision;
  const answered = await Promise.all(txns.map(async (sent) => ({ sent, result: await store.commit(sent) })));
  const applied = answered.flatMap(({ sent, result }) =>
    result.outcome === 'applied' ? [{ sent, result }] : [],
  );
  applied.sort((a, b) => a.result.revision - b.result.revision);
  for (const { sent, result } of applied) model.apply(sent, result);
  for (const { sent, result } of answered) {
    if (result.outcome !== 'conflict') continue;
    expect(model.explains(sent, result.compare, from), JSON.stringify({ sent, result })).to.equal(true);
  }
}

async function expectSame(store: Store, model: StoreModel): Promise<void> {
  const { records, topics, leases } = model.state;
  const held = await picture(store);
  const expected = { compacted: 0, base: model.revision, records: new Map(records), topics: new Map(topics) };
  expect(plainRecords(held)).to.deep.equal(plainRecords(expected));
  expect(new Map([...held.topics].sort())).to.deep.equal(new Map([...topics].sort()));
  const renewed = await store.renew(LEASES.map((lease) => ({ lease, ttlMs: TTL_MS })));
  expect(renewed).to.deep.equal(LEASES.map((lease) => leases.has(lease)));
}

async function run(harness: Harness, seed: number): Promise<void> {
  const choose = new Chooser(seed);
  const { revision } = await harness.store.adopt(0);
  const model = new StoreModel(revision);
  let applied = 0;
  for (let count = 0; count < ROUNDS; count += 1) {
    const txns = Array.from({ length: 1 + choose.below(10) }, () => choose.txn(model));
    applied -= model.commits.length;
    await round(harness.store, model, txns);
    applied += model.commits.length;
    if (choose.chance(0.2)) await expectSame(harness.store, model);
  }
  expect(applied, 'too few applied to say anything').to.be.above(ROUNDS);

  const commits = await commitsUpTo(harness.store, revision, model.revision);
  const readable = (list: typeof commits) =>
    list.map((commit) => ({ ...commit, puts: commit.puts.map(plain) }));
  expect(readable(commits)).to.deep.equal(readable(model.commits));
  await expectSame(harness.store, model);

  const again = await harness.reopen();
  await again.adopt(model.revision);
  await expectSame(again, model);
}

export function describeRandom(subject: Subject): void {
  describe('against a model', () => {
    for (const seed of SEEDS) {
      it(`answers random concurrent transactions as the model does (seed ${seed})`, async () => {
        await run(await subject.raw(), seed);
      });
    }
  });
}
