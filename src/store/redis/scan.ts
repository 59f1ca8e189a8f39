import { type StoredRecord, TABLES, type Table } from '../../core/index.ts';
import type { SnapshotItem } from '../store.ts';
import type { Sender } from './connection.ts';
import type { StoreKeys } from './keys.ts';
import { toArray, toBuffer, toNumber, toText } from './reply.ts';

const FIRST_COUNT = 100;
const MAX_COUNT = 1000;
const PAGE_BYTES = 512 * 1024;
const BLANK = 0x20;
const NEWLINE = 0x0a;
const ZERO = 0x30;

type Pair = readonly [field: Buffer, value: Buffer];

/** All records and topics, page by page; a page may repeat items of another. */
export async function* scanStore(sender: Sender, keys: StoreKeys): AsyncGenerator<readonly SnapshotItem[]> {
  for (const [index, table] of TABLES.entries()) {
    for await (const page of scanHash(sender, keys.tables[index] ?? '')) {
      yield page.map(([key, value]) => ({ kind: 'record', record: decodeRecord(table, key, value) }));
    }
  }
  for await (const page of scanHash(sender, keys.topics)) {
    yield page.map(([topic, revision]) => ({
      kind: 'topic',
      topic: toText(topic),
      revision: toNumber(revision),
    }));
  }
  const compacted = await sender.send('HGET', [keys.meta, 'compacted']);
  yield [{ kind: 'compacted', revision: compacted === null ? 0 : toNumber(compacted) }];
}

/** Reads a hash in pages of about half a megabyte, so that neither Redis nor its connection is held for long. */
export async function* scanHash(sender: Sender, key: string): AsyncGenerator<readonly Pair[]> {
  let count = FIRST_COUNT;
  const read = (cursor: string) => sender.send('HSCAN', [key, cursor, 'COUNT', count]);
  for (let reading: Promise<unknown> | undefined = read('0'); reading !== undefined;) {
    const [next, fields] = toArray(await reading);
    const flat = toArray(fields);
    const page: Pair[] = [];
    let bytes = 1;
    for (let i = 0; i + 1 < flat.length; i += 2) {
      const pair: Pair = [toBuffer(flat[i]), toBuffer(flat[i + 1])];
      page.push(pair);
      bytes += pair[0].length + pair[1].length;
    }
    count = Math.max(1, Math.min(MAX_COUNT, Math.floor((count * PAGE_BYTES) / bytes)));
    const cursor = toText(next);
    // The next page comes while this one is taken in.
    reading = cursor === '0' ? undefined : read(cursor);
    reading?.catch(() => undefined);
    if (page.length > 0) yield page;
  }
}

/** A value is `<create> <modify>\n` and what was put; that is a part of the reply, so it goes when the page goes. */
function decodeRecord(table: Table, key: Buffer, stored: Buffer): StoredRecord {
  const blank = stored.indexOf(BLANK);
  const end = stored.indexOf(NEWLINE, blank);
  return {
    table,
    key: key.toString('utf8'),
    value: stored.subarray(end + 1),
    createRevision: digits(stored, 0, blank),
    modifyRevision: digits(stored, blank + 1, end),
  };
}

/** As `Number` of the text, without the text: a catalog has two for each of its records. */
function digits(bytes: Buffer, from: number, to: number): number {
  let number = 0;
  for (let i = from; i < to; i++) number = number * 10 + ((bytes[i] ?? NaN) - ZERO);
  return number;
}
