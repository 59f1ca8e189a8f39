import {
  type Change,
  type Commit,
  type DraftPut,
  type RecordValues,
  type StateCommit,
  type Stored,
  type StoredRecord,
  type Table,
} from '../core/index.ts';

/** Version of the record format; a reader accepts later ones and keeps the fields it does not know. */
const FORMAT = 1;
const NEWLINE = 0x0a;

const encoder = new TextEncoder();
const decoder = new TextDecoder('utf-8', { fatal: false });

/**
 * A value as bytes: one line of JSON, and behind it the raw bytes of a configuration key.
 *
 * Unknown fields of a record written by a later version survive a read and a write.
 */
export function encodeValue(put: Pick<DraftPut, 'table' | 'value'>): Uint8Array {
  if (put.table !== 'kv') return encoder.encode(JSON.stringify({ ...put.value, format: FORMAT }));
  const { value, ...header } = put.value as RecordValues['kv'];
  const line = encoder.encode(`${JSON.stringify({ ...header, format: FORMAT })}\n`);
  const bytes = new Uint8Array(line.length + value.length);
  bytes.set(line);
  bytes.set(value, line.length);
  return bytes;
}

/** The record as `State` holds it, frozen. Throws on bytes that no version of Rollcall wrote. */
export function decodeRecord(record: StoredRecord): Change {
  const { table, key, createRevision, modifyRevision } = record;
  const end = table === 'kv' ? record.value.indexOf(NEWLINE) : record.value.length;
  const header: unknown = JSON.parse(decoder.decode(record.value.subarray(0, end)));
  if (typeof header !== 'object' || header === null)
    throw new Error(`record ${table}/${key} is not an object`);
  const { format: _format, ...fields } = header as { format?: number };
  const body = table === 'kv' ? { value: record.value.slice(end + 1) } : {};
  const value = Object.freeze({ ...fields, ...body, createRevision, modifyRevision });
  return { table, key, value: value as unknown as Stored<RecordValues[Table]> };
}

/** A commit as `State` applies it. */
export function decodeCommit(commit: Commit): StateCommit {
  const deletes: Change[] = commit.deletes.map(({ table, key }) => ({ table, key, value: undefined }));
  const { revision, operation, touches } = commit;
  return { revision, operation, touches, changes: [...commit.puts.map(decodeRecord), ...deletes] };
}
