import { TABLES, type Revision, type StoredRecord, type Table } from '../../core/index.ts';
import type { SnapshotItem } from '../store.ts';

/** Version of the layout written here; a directory of another version is refused. */
export const FORMAT = '1';

export const FORMAT_KEY = 'm/format';
export const STATE_KEY = 'm/state';

/**
 * `r/<table>/<key>`: two revisions, then the value. `t/<topic>`: revision. `l/<lease>`: TTL in ms.
 * `b/<pool>NUL<lease>`: TTL in ms, then the bin.
 */
export const PREFIX = { record: 'r/', topic: 't/', lease: 'l/', bin: 'b/' } as const;

/** What is kept about the store as a whole, written with every group of commits. */
export interface DiskState {
  readonly revision: Revision;
  readonly leaseClockMs: number;
  /** Topics last touched at or below this revision are no longer on disk. */
  readonly compactedTo: Revision;
}

const NUMBER_BYTES = 8;
const HEADER_BYTES = 2 * NUMBER_BYTES;

export function recordKey(table: Table, key: string): string {
  return `${PREFIX.record}${table}/${key}`;
}

export function topicKey(topic: string): string {
  return PREFIX.topic + topic;
}

export function leaseKey(lease: string): string {
  return PREFIX.lease + lease;
}

export function binLeaseKey(pool: string, lease: string): string {
  return `${PREFIX.bin}${pool}\0${lease}`;
}

export function encodeBinLease(ttlMs: number, bin: string): Uint8Array {
  return Buffer.concat([encodeNumbers(ttlMs), Buffer.from(bin)]);
}

export function decodeBinLease(
  diskKey: string,
  bytes: Uint8Array,
): { pool: string; lease: string; bin: string; ttlMs: number } {
  const nul = diskKey.indexOf('\0');
  const pool = diskKey.slice(PREFIX.bin.length, nul);
  const bin = new TextDecoder().decode(bytes.subarray(NUMBER_BYTES));
  return { pool, lease: diskKey.slice(nul + 1), bin, ttlMs: numberAt(bytes, 0) };
}

/** What follows the two-byte prefix of a topic's or lease's key. */
export function nameOf(diskKey: string): string {
  return diskKey.slice(PREFIX.topic.length);
}

export function encodeRecord(record: Omit<StoredRecord, 'table' | 'key'>): Uint8Array {
  const bytes = new Uint8Array(HEADER_BYTES + record.value.length);
  const view = new DataView(bytes.buffer);
  view.setFloat64(0, record.createRevision);
  view.setFloat64(NUMBER_BYTES, record.modifyRevision);
  bytes.set(record.value, HEADER_BYTES);
  return bytes;
}

/** The value inside an encoded record, shared, not copied. */
export function valueOf(bytes: Uint8Array): Uint8Array {
  return bytes.subarray(HEADER_BYTES);
}

export function modifyRevisionOf(bytes: Uint8Array): Revision {
  return numberAt(bytes, 1);
}

function decodeRecord(diskKey: string, bytes: Uint8Array): StoredRecord {
  const slash = diskKey.indexOf('/', PREFIX.record.length);
  const name = diskKey.slice(PREFIX.record.length, slash);
  const table = TABLES.find((known) => known === name);
  if (table === undefined) throw new Error(`unknown table "${name}" on disk`);
  return {
    table,
    key: diskKey.slice(slash + 1),
    value: valueOf(bytes),
    createRevision: numberAt(bytes, 0),
    modifyRevision: numberAt(bytes, 1),
  };
}

/** What a snapshot says of a record's or topic's entry. */
export function decodeItem(diskKey: string, bytes: Uint8Array): SnapshotItem {
  if (diskKey.startsWith(PREFIX.record)) return { kind: 'record', record: decodeRecord(diskKey, bytes) };
  return { kind: 'topic', topic: nameOf(diskKey), revision: numberAt(bytes, 0) };
}

export function encodeNumbers(...numbers: readonly number[]): Uint8Array {
  const bytes = new Uint8Array(numbers.length * NUMBER_BYTES);
  const view = new DataView(bytes.buffer);
  numbers.forEach((number, index) => view.setFloat64(index * NUMBER_BYTES, number));
  return bytes;
}

export function numberAt(bytes: Uint8Array, index: number): number {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength).getFloat64(index * NUMBER_BYTES);
}

export function encodeState(state: DiskState): Uint8Array {
  return encodeNumbers(state.revision, state.leaseClockMs, state.compactedTo);
}

export function decodeState(bytes: Uint8Array): DiskState {
  return { revision: numberAt(bytes, 0), leaseClockMs: numberAt(bytes, 1), compactedTo: numberAt(bytes, 2) };
}
