import { type StoredRecord, TABLES, type Table } from '../../core/index.ts';
import type { SnapshotItem } from '../store.ts';
import type { Sender } from './connection.ts';
import type { StoreKeys } from './keys.ts';
import { toArray, toBuffer, toNumber, toText } from './reply.ts';

const FIRST_COUNT = 100;
const MAX_COUNT = 1000;
const PAGE_BYTES = 512 * 1024;
const NEWLINE = 0x0a;

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
    const flat = toArray(fields).map(toBuffer);
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

function decodeRecord(table: Table, key: Buffer, stored: Buffer): StoredRecord {
  const end = stored.indexOf(NEWLINE);
  const [create, modify] = stored.toString('latin1', 0, end).split(' ');
  return {
    table,
    key: key.toString('utf8'),
    // A copy, so that a small value does not keep the socket's whole buffer alive.
    value: Buffer.from(stored.subarray(end + 1)),
    createRevision: Number(create),
    modifyRevision: Number(modify),
  };
}
