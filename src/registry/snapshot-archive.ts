import { createHash } from 'node:crypto';
import { promisify } from 'node:util';
import { gunzip as gunzipCallback, gzip as gzipCallback } from 'node:zlib';
import { requireArchivable, type ArchivedRecord } from '../core/index.ts';
import { packTar, TarError, unpackTar } from './tar.ts';

const gzip = promisify(gzipCallback);
const gunzip = promisify(gunzipCallback);

/** What an archive says of itself. */
export interface ArchiveHeader {
  readonly datacenter: string;
  readonly revision: number;
  /** When it was made; ISO 8601. */
  readonly createdAt: string;
}

export interface Archive {
  readonly header: ArchiveHeader;
  readonly records: readonly ArchivedRecord[];
}

/** Why an archive cannot be restored; `message` is fit for the caller to read. */
export class ArchiveError extends Error {
  override readonly name = 'ArchiveError';
}

const FORMAT = 'rollcall-snapshot';
const VERSION = 1;
/** Largest archive that is restored, in bytes as it is sent. */
export const MAX_ARCHIVE_BYTES = 64 * 1024 * 1024;
/** Most bytes that an archive may unpack to. */
const MAX_UNPACKED_BYTES = 512 * 1024 * 1024;
const SLICE = 500;
const FILES = ['meta.json', 'state.bin', 'SHA256SUMS'] as const;

/**
 * Packs records as `docs/snapshot.md` describes: a gzipped tar of `meta.json`, `state.bin` and `SHA256SUMS`, whose
 * names and sums are Consul's, so that its command line can save, check and send it.
 *
 * Throws `ArchiveError` where nobody could restore it.
 */
export async function encodeArchive({ header, records }: Archive): Promise<Uint8Array> {
  const first = { format: FORMAT, version: VERSION, ...header, records: records.length };
  const state = await encodeLines(JSON.stringify(first), records);
  const meta = Buffer.from(`${JSON.stringify(metaOf(header, state.length))}\n`, 'utf8');
  const sums = Buffer.from(`${sha256(meta)}  meta.json\n${sha256(state)}  state.bin\n`, 'utf8');
  return gzip(
    packTar([
      ['meta.json', meta],
      ['state.bin', state],
      ['SHA256SUMS', sums],
    ]),
  );
}

/** Unpacks and checks an archive, record by record. Throws `ArchiveError`. */
export async function decodeArchive(bytes: Uint8Array): Promise<Archive> {
  const files = unpacked(await decompressed(bytes));
  const state = files.get('state.bin') ?? Buffer.alloc(0);
  const meta = files.get('meta.json') ?? Buffer.alloc(0);
  requireSums(files.get('SHA256SUMS') ?? Buffer.alloc(0), { 'meta.json': meta, 'state.bin': state });
  const [first = '', ...lines] = state.toString('utf8').split('\n');
  const header = headerOf(first);
  if (lines.pop() !== '' || lines.length !== header.records)
    throw new ArchiveError(
      `the snapshot has ${String(lines.length)} records instead of ${String(header.records)}`,
    );
  return { header, records: lines.map(decodeRecord) };
}

/** Consul's tools read an archive's index, term and size from here. */
function metaOf({ datacenter, revision, createdAt }: ArchiveHeader, size: number): object {
  const id = `${FORMAT}-${datacenter}-${createdAt}`;
  const raft = { Peers: null, Configuration: { Servers: [] }, ConfigurationIndex: 0 };
  return { Version: 1, ID: id, Index: revision, Term: 1, ...raft, Size: size };
}

async function decompressed(bytes: Uint8Array): Promise<Buffer> {
  const refusal = (reason: string) => new ArchiveError(`failed to decompress snapshot: ${reason}`);
  if (bytes.length === 0) throw refusal('EOF');
  if (bytes.length < 10) throw refusal('unexpected EOF');
  if (bytes[0] !== 0x1f || bytes[1] !== 0x8b) throw refusal('gzip: invalid header');
  try {
    return await gunzip(bytes, { maxOutputLength: MAX_UNPACKED_BYTES });
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : '';
    if (code === 'ERR_BUFFER_TOO_LARGE') throw refusal(`larger than ${String(MAX_UNPACKED_BYTES)} bytes`);
    throw refusal(code === 'Z_BUF_ERROR' ? 'unexpected EOF' : 'gzip: invalid checksum');
  }
}

function unpacked(tar: Buffer): Map<string, Buffer> {
  try {
    return unpackTar(tar, FILES);
  } catch (error) {
    if (error instanceof TarError) throw new ArchiveError(`failed to read snapshot file: ${error.message}`);
    throw error;
  }
}

function requireSums(sums: Buffer, files: Readonly<Record<string, Buffer>>): void {
  const listed = new Map(
    sums
      .toString('utf8')
      .split('\n')
      .map((line) => [line.slice(66), line.slice(0, 64)]),
  );
  for (const [name, content] of Object.entries(files)) {
    if (listed.get(name) === sha256(content)) continue;
    const reason = `failed checking integrity of snapshot: hash check failed for "${name}"`;
    throw new ArchiveError(`failed to read snapshot file: ${reason}`);
  }
}

function headerOf(line: string): ArchiveHeader & { readonly records: number } {
  const foreign = new ArchiveError('not a snapshot of Rollcall: it was made by another program');
  const header = parsed(line);
  if (header?.['format'] !== FORMAT) throw foreign;
  const { version, datacenter, revision, createdAt, records } = header;
  if (version !== VERSION)
    throw new ArchiveError(
      `the snapshot has version ${String(version)}; this program reads version ${String(VERSION)}`,
    );
  if (typeof datacenter !== 'string' || typeof revision !== 'number' || typeof records !== 'number')
    throw foreign;
  return { datacenter, revision, createdAt: String(createdAt), records };
}

/** In slices, so that a large catalog does not stall the loop. */
async function encodeLines(first: string, records: readonly ArchivedRecord[]): Promise<Buffer> {
  const parts = [Buffer.from(`${first}\n`, 'utf8')];
  let bytes = 0;
  for (let from = 0; from < records.length; from += SLICE) {
    const lines = records.slice(from, from + SLICE).map((record) => `${encodeRecord(record)}\n`);
    const part = Buffer.from(lines.join(''), 'utf8');
    bytes += part.length;
    if (bytes > MAX_UNPACKED_BYTES)
      throw new ArchiveError(`the catalog is larger than ${String(MAX_UNPACKED_BYTES)} bytes`);
    parts.push(part);
    await new Promise((resolve) => setImmediate(resolve));
  }
  return Buffer.concat(parts);
}

function encodeRecord({ table, value }: ArchivedRecord): string {
  if (table !== 'kv') return JSON.stringify({ table, value });
  return JSON.stringify({ table, value: { ...value, value: Buffer.from(value.value).toString('base64') } });
}

function decodeRecord(line: string, at: number): ArchivedRecord {
  const record = parsed(line);
  try {
    const { table, value } = record ?? {};
    return requireArchivable(table, table === 'kv' ? withBytes(value) : value);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new ArchiveError(`record ${String(at + 1)} of the snapshot is not valid: ${reason}`);
  }
}

function withBytes(value: unknown): unknown {
  const pair = value as { readonly value?: unknown } | undefined;
  return {
    ...pair,
    value: typeof pair?.value === 'string' ? new Uint8Array(Buffer.from(pair.value, 'base64')) : undefined,
  };
}

function parsed(line: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(line);
    return typeof value === 'object' && value !== null
      ? (value as Readonly<Record<string, unknown>>)
      : undefined;
  } catch {
    return undefined;
  }
}

function sha256(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}
