import {
  type Commit,
  type Compare,
  type Delete,
  type Revision,
  type StoredRecord,
  TABLES,
  type Table,
  type Txn,
} from '../../core/index.ts';

/**
 * A transaction as `lua/commit.lua` reads it; all numbers are big-endian, `text` is a u32 length and bytes.
 *
 * - `guard` is judged and forgotten: u32 count of compares, each u8 kind (0 record, 1 topic, 2 lease, 3 epoch), u8
 *   table, f64 revision or epoch, text; u32 count of grants, each f64 ttl, text; u32 count of revokes, each text.
 * - `frame` is what goes into the log, byte for byte: text operation; u32 count of puts, each u8 table, f64
 *   create revision (0: the transaction's own), text key, text value; u32 count of deletes, each u8 table,
 *   text key; u32 count of touched topics, each text.
 *
 * Tables are numbered from 1 in the order of `TABLES`.
 */
export interface EncodedTxn {
  readonly guard: Buffer;
  readonly frame: Buffer;
}

const COMPARE_KINDS: readonly Compare['kind'][] = ['record', 'topic', 'lease-due', 'epoch'];

export function encodeTxn(txn: Txn): EncodedTxn {
  return { guard: encodeGuard(txn), frame: encodeFrame(txn) };
}

/**
 * Reads a frame of the log; the values are copies, so they do not keep a socket's buffer alive.
 *
 * Records of tables that this version does not have are left out: a newer node wrote them.
 */
export function decodeFrame(frame: Buffer, revision: Revision): Commit {
  const reader = new FrameReader(frame);
  const operation = reader.text();
  const puts: StoredRecord[] = [];
  for (let left = reader.count(); left > 0; left--) {
    const table = toTable(reader.byte());
    const createRevision = reader.double() || revision;
    const key = reader.text();
    const value = Buffer.from(reader.bytes());
    if (table !== undefined) puts.push({ table, key, value, createRevision, modifyRevision: revision });
  }
  const deletes: Delete[] = [];
  for (let left = reader.count(); left > 0; left--) {
    const table = toTable(reader.byte());
    const key = reader.text();
    if (table !== undefined) deletes.push({ table, key });
  }
  const touches: string[] = [];
  for (let left = reader.count(); left > 0; left--) touches.push(reader.text());
  return { revision, operation, puts, deletes, touches };
}

function encodeGuard({ compares, grants, revokes }: Txn): Buffer {
  let capacity = 12;
  for (const compare of compares) capacity += 14 + maxBytes(compareName(compare));
  for (const { lease } of grants) capacity += 12 + maxBytes(lease);
  for (const lease of revokes) capacity += 4 + maxBytes(lease);
  const writer = new FrameWriter(capacity);
  writer.count(compares);
  for (const compare of compares) {
    writer.byte(COMPARE_KINDS.indexOf(compare.kind));
    writer.byte(compare.kind === 'record' ? tableNumber(compare.table) : 0);
    writer.double(compareNumber(compare));
    writer.text(compareName(compare));
  }
  writer.count(grants);
  for (const { lease, ttlMs } of grants) {
    writer.double(ttlMs);
    writer.text(lease);
  }
  writer.count(revokes);
  for (const lease of revokes) writer.text(lease);
  return writer.done();
}

function encodeFrame({ operation, puts, deletes, touches }: Txn): Buffer {
  let capacity = 16 + maxBytes(operation);
  for (const { key, value } of puts) capacity += 17 + maxBytes(key) + value.length;
  for (const { key } of deletes) capacity += 5 + maxBytes(key);
  for (const topic of touches) capacity += 4 + maxBytes(topic);
  const writer = new FrameWriter(capacity);
  writer.text(operation);
  writer.count(puts);
  for (const { table, key, value, createRevision } of puts) {
    writer.byte(tableNumber(table));
    writer.double(createRevision);
    writer.text(key);
    writer.bytes(value);
  }
  writer.count(deletes);
  for (const { table, key } of deletes) {
    writer.byte(tableNumber(table));
    writer.text(key);
  }
  writer.count(touches);
  for (const topic of touches) writer.text(topic);
  return writer.done();
}

function compareNumber(compare: Compare): number {
  if (compare.kind === 'epoch') return compare.epoch;
  return compare.kind === 'lease-due' ? 0 : compare.revision;
}

function compareName(compare: Compare): string {
  switch (compare.kind) {
    case 'record':
      return compare.key;
    case 'topic':
      return compare.topic;
    case 'lease-due':
      return compare.lease;
    case 'epoch':
      return '';
  }
}

function tableNumber(table: Table): number {
  return TABLES.indexOf(table) + 1;
}

function toTable(number: number): Table | undefined {
  return TABLES[number - 1];
}

/** Most bytes that a string takes in UTF-8. */
function maxBytes(text: string): number {
  return 3 * text.length;
}

class FrameWriter {
  readonly #buffer: Buffer;
  #offset = 0;

  constructor(capacity: number) {
    this.#buffer = Buffer.allocUnsafe(capacity);
  }

  byte(value: number): void {
    this.#offset = this.#buffer.writeUInt8(value, this.#offset);
  }

  double(value: number): void {
    this.#offset = this.#buffer.writeDoubleBE(value, this.#offset);
  }

  text(value: string): void {
    const length = this.#buffer.write(value, this.#offset + 4, 'utf8');
    this.#buffer.writeUInt32BE(length, this.#offset);
    this.#offset += 4 + length;
  }

  bytes(value: Uint8Array): void {
    this.#offset = this.#buffer.writeUInt32BE(value.length, this.#offset);
    this.#buffer.set(value, this.#offset);
    this.#offset += value.length;
  }

  count({ length }: readonly unknown[]): void {
    this.#offset = this.#buffer.writeUInt32BE(length, this.#offset);
  }

  done(): Buffer {
    return this.#buffer.subarray(0, this.#offset);
  }
}

class FrameReader {
  readonly #buffer: Buffer;
  #offset = 0;

  constructor(buffer: Buffer) {
    this.#buffer = buffer;
  }

  byte(): number {
    return this.#buffer.readUInt8(this.#offset++);
  }

  double(): number {
    this.#offset += 8;
    return this.#buffer.readDoubleBE(this.#offset - 8);
  }

  count(): number {
    this.#offset += 4;
    return this.#buffer.readUInt32BE(this.#offset - 4);
  }

  bytes(): Buffer {
    const start = this.#skip();
    return this.#buffer.subarray(start, this.#offset);
  }

  text(): string {
    const start = this.#skip();
    return this.#buffer.toString('utf8', start, this.#offset);
  }

  /** Goes behind a length and so many bytes; where those begin. */
  #skip(): number {
    const length = this.count();
    this.#offset += length;
    return this.#offset - length;
  }
}
