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
import { shareParts } from './shared-values.ts';

/** Version of the record format; a reader accepts later ones and keeps the fields it does not know. */
const FORMAT = 1;
const NEWLINE = 0x0a;

/**
 * A value as bytes: one line of JSON, and behind it the raw bytes of a configuration key.
 *
 * Unknown fields of a record written by a later version survive a read and a write.
 */
export function encodeValue({ table, value }: Pick<DraftPut, 'table' | 'value'>): Uint8Array {
  if (table !== 'kv') return Buffer.from(JSON.stringify({ ...value, format: FORMAT }));
  const { value: body } = value as RecordValues['kv'];
  const line = `${JSON.stringify({ ...value, value: undefined, format: FORMAT })}\n`;
  const lineLength = Buffer.byteLength(line);
  const bytes = Buffer.allocUnsafe(lineLength + body.length);
  bytes.write(line);
  bytes.set(body, lineLength);
  return bytes;
}

/** The record as `State` holds it, frozen. Throws on bytes that no version of Rollcall wrote. */
export function decodeRecord(record: StoredRecord): Change {
  const { table, key, createRevision, modifyRevision } = record;
  const bytes = Buffer.from(record.value.buffer, record.value.byteOffset, record.value.length);
  const end = table === 'kv' ? bytes.indexOf(NEWLINE) : bytes.length;
  const header: unknown = JSON.parse(bytes.toString('utf8', 0, end));
  if (typeof header !== 'object' || header === null)
    throw new Error(`record ${table}/${key} is not an object`);
  const { format: _format, ...fields } = header as Record<string, unknown>;
  if (table === 'kv') fields['value'] = record.value.slice(end + 1);
  shareParts(table, fields);
  fields['createRevision'] = createRevision;
  fields['modifyRevision'] = modifyRevision;
  return { table, key, value: Object.freeze(fields) as unknown as Stored<RecordValues[Table]> };
}

/** A commit as `State` applies it. */
export function decodeCommit(commit: Commit): StateCommit {
  const deletes: Change[] = commit.deletes.map(({ table, key }) => ({ table, key, value: undefined }));
  const { revision, operation, touches } = commit;
  return { revision, operation, touches, changes: [...commit.puts.map(decodeRecord), ...deletes] };
}
