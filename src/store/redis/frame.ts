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
  const puts = reader.list((): StoredRecord | undefined => {
    const table = toTable(reader.byte());
    const createRevision = reader.double() || revision;
    const key = reader.text();
    const value = reader.bytes();
    return table && { table, key, value: Buffer.from(value), createRevision, modifyRevision: revision };
  });
  const deletes = reader.list((): Delete | undefined => {
    const table = toTable(reader.byte());
    const key = reader.text();
    return table && { table, key };
  });
  const touches = reader.list(() => reader.text());
  return { revision, operation, puts: puts.filter(isKnown), deletes: deletes.filter(isKnown), touches };
}

function isKnown<T>(item: T | undefined): item is T {
  return item !== undefined;
}

function encodeGuard(txn: Txn): Buffer {
  const names = [...txn.compares.map(compareName), ...txn.grants.map(({ lease }) => lease), ...txn.revokes];
  const writer = new FrameWriter(12 + names.reduce((sum, name) => sum + 14 + maxBytes(name), 0));
  writer.list(txn.compares, (compare) => {
    writer.byte(COMPARE_KINDS.indexOf(compare.kind));
    writer.byte(compare.kind === 'record' ? tableNumber(compare.table) : 0);
    writer.double(compareNumber(compare));
    writer.text(compareName(compare));
  });
  writer.list(txn.grants, ({ lease, ttlMs }) => {
    writer.double(ttlMs);
    writer.text(lease);
  });
  writer.list(txn.revokes, (lease) => writer.text(lease));
  return writer.done();
}

function encodeFrame(txn: Txn): Buffer {
  let capacity = 16 + maxBytes(txn.operation);
  for (const { key, value } of txn.puts) capacity += 17 + maxBytes(key) + value.length;
  for (const { key } of txn.deletes) capacity += 5 + maxBytes(key);
  for (const topic of txn.touches) capacity += 4 + maxBytes(topic);
  const writer = new FrameWriter(capacity);
  writer.text(txn.operation);
  writer.list(txn.puts, ({ table, key, value, createRevision }) => {
    writer.byte(tableNumber(table));
    writer.double(createRevision);
    writer.text(key);
    writer.bytes(value);
  });
  writer.list(txn.deletes, ({ table, key }) => {
    writer.byte(tableNumber(table));
    writer.text(key);
  });
  writer.list(txn.touches, (topic) => writer.text(topic));
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

  list<T>(items: readonly T[], write: (item: T) => void): void {
    this.#offset = this.#buffer.writeUInt32BE(items.length, this.#offset);
    items.forEach(write);
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

  bytes(): Buffer {
    const start = this.#offset + 4;
    this.#offset = start + this.#buffer.readUInt32BE(this.#offset);
    return this.#buffer.subarray(start, this.#offset);
  }

  text(): string {
    return this.bytes().toString('utf8');
  }

  list<T>(read: () => T): T[] {
    const count = this.#buffer.readUInt32BE(this.#offset);
    this.#offset += 4;
    return Array.from({ length: count }, read);
  }
}
