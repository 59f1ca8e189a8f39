import { expect } from 'chai';
import type { Commit, CommitResult, Put, Revision, StoredRecord, Txn } from '../../src/core/index.ts';
import { StoreError, type Store } from '../../src/store/store.ts';

export interface HarnessOptions {
  /** Commits that followers may be behind. */
  readonly historyLength?: number;
}

/** One store under test, and what can happen to it. */
export interface Harness {
  /** Opened, not adopted. */
  readonly store: Store;
  /** A store on the same data after a clean close; opened, not adopted. */
  reopen(): Promise<Store>;
  /** A store on the same data after a kill of whoever held them; opened, not adopted. */
  crash(): Promise<Store>;
  dispose(): Promise<void>;
}

export type MakeHarness = (options?: HarnessOptions) => Promise<Harness>;

let operations = 0;

export function txn(parts: Partial<Txn>): Txn {
  operations += 1;
  const operation = `op-${operations}`;
  return { operation, compares: [], puts: [], deletes: [], touches: [], grants: [], revokes: [], ...parts };
}

export function put(key: string, value: string | Uint8Array = key, createRevision: Revision = 0): Put {
  return { table: 'kv', key, value: typeof value === 'string' ? Buffer.from(value) : value, createRevision };
}

/** Compare of the `kv` record's revision; 0 for "absent". */
export function at(key: string, revision: Revision): Txn['compares'][number] {
  return { kind: 'record', table: 'kv', key, revision };
}

/** Commits and returns the revision; fails on a conflict. */
export async function apply(store: Store, parts: Partial<Txn>): Promise<Revision> {
  const result = await store.commit(txn(parts));
  if (result.outcome !== 'applied') throw new Error(`conflict on ${JSON.stringify(result.compare)}`);
  return result.revision;
}

export async function expectConflict(result: Promise<CommitResult>, compare: unknown): Promise<void> {
  expect(await result).to.deep.equal({ outcome: 'conflict', compare });
}

/** The code a call is rejected with; fails when it is not, or by something else than a `StoreError`. */
export async function codeOf(call: Promise<unknown>): Promise<string> {
  const settled = await call.then(
    (value) => ({ value }),
    (error: unknown) => ({ error }),
  );
  if (!('error' in settled)) throw new Error(`resolved with ${JSON.stringify(settled.value)}`);
  if (!(settled.error instanceof StoreError)) throw settled.error;
  return settled.error.code;
}

export interface Picture {
  readonly base: Revision;
  readonly records: Map<string, StoredRecord>;
  readonly topics: Map<string, Revision>;
  readonly compacted: Revision;
}

export async function picture(store: Store): Promise<Picture> {
  const { base, items } = await store.snapshot(AbortSignal.timeout(15_000));
  const records = new Map<string, StoredRecord>();
  const topics = new Map<string, Revision>();
  let compacted = 0;
  for await (const batch of items) {
    for (const item of batch) {
      if (item.kind === 'topic') topics.set(item.topic, item.revision);
      else if (item.kind === 'compacted') compacted = item.revision;
      else records.set(`${item.record.table}/${item.record.key}`, item.record);
    }
  }
  return { base, records, topics, compacted };
}

/** Replays commits over a picture, in place. */
export function replay({ records, topics }: Picture, commits: readonly Commit[]): void {
  for (const commit of commits) {
    for (const record of commit.puts) records.set(`${record.table}/${record.key}`, record);
    for (const { table, key } of commit.deletes) records.delete(`${table}/${key}`);
    for (const topic of commit.touches) topics.set(topic, commit.revision);
  }
}

/** Values as text and without the class of the byte array, so that `deep.equal` compares contents. */
export function plain(record: StoredRecord): object {
  return { ...record, value: Buffer.from(record.value).toString('base64') };
}

export function plainRecords(picture: Picture): Record<string, object> {
  const sorted = [...picture.records].sort(([a], [b]) => (a < b ? -1 : 1));
  return Object.fromEntries(sorted.map(([key, record]) => [key, plain(record)]));
}

/** The commits after a revision up to and including `last`. */
export async function commitsUpTo(store: Store, after: Revision, last: Revision): Promise<Commit[]> {
  const commits: Commit[] = [];
  if (after >= last) return commits;
  const limit = AbortSignal.timeout(15_000);
  for await (const batch of store.follow(after, limit)) {
    commits.push(...batch);
    if ((commits.at(-1)?.revision ?? 0) >= last) return commits;
  }
  throw new Error(`followed only up to ${commits.at(-1)?.revision ?? after}, not ${last}`);
}

/** Reads a follower until it ends or throws; answers how many commits it gave. */
export async function drain(follower: AsyncIterable<readonly Commit[]>): Promise<number> {
  let count = 0;
  for await (const batch of follower) count += batch.length;
  return count;
}

/** Repeats until the result satisfies; fails after `deadlineMs`. */
export async function eventually<T>(
  attempt: () => Promise<T>,
  satisfies: (value: T) => boolean,
  deadlineMs = 8000,
): Promise<T> {
  const end = performance.now() + deadlineMs;
  for (;;) {
    const value = await attempt();
    if (satisfies(value)) return value;
    if (performance.now() > end)
      throw new Error(`not within ${deadlineMs} ms; last: ${JSON.stringify(value)}`);
    await pause(20);
  }
}

export function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
