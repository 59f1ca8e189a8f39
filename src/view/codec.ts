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
const FORMAT_AT_END = `,"format":${FORMAT}}`;
const REVISIONS_AT_END = ',"createRevision":0,"modifyRevision":0}';

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
  const bytes = bytesOf(record.value);
  const end = table === 'kv' ? bytes.indexOf(NEWLINE) : bytes.length;
  const fields = parse(bytes.toString('utf8', 0, end));
  if (fields === undefined) throw new Error(`record ${table}/${key} is not an object`);
  // A copy, so that a small value does not keep the whole reply alive that it came in.
  if (table === 'kv') fields['value'] = new Uint8Array(bytes.subarray(end + 1));
  shareParts(table, fields);
  fields['createRevision'] = createRevision;
  fields['modifyRevision'] = modifyRevision;
  return { table, key, value: Object.freeze(fields) as unknown as Stored<RecordValues[Table]> };
}

/**
 * The fields but `format`; undefined of what is not an object.
 *
 * The revisions have their places already: a field that is added to an object, or left out of it, costs memory
 * that a million records notice.
 */
function parse(line: string): Record<string, unknown> | undefined {
  const isUsual = line.endsWith(FORMAT_AT_END);
  const json = isUsual ? line.slice(0, -FORMAT_AT_END.length) + REVISIONS_AT_END : line;
  const fields: unknown = JSON.parse(json);
  if (typeof fields !== 'object' || fields === null) return undefined;
  if (isUsual) return fields as Record<string, unknown>;
  const { format: _format, ...others } = fields as Record<string, unknown>;
  return others;
}

function bytesOf(value: Uint8Array): Buffer {
  return Buffer.isBuffer(value) ? value : Buffer.from(value.buffer, value.byteOffset, value.length);
}

/** A commit as `State` applies it. */
export function decodeCommit(commit: Commit): StateCommit {
  const deletes: Change[] = commit.deletes.map(({ table, key }) => ({ table, key, value: undefined }));
  const { revision, operation, touches } = commit;
  return { revision, operation, touches, changes: [...commit.puts.map(decodeRecord), ...deletes] };
}
