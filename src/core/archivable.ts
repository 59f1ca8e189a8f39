import { keyOf, type RecordValues } from './catalog.ts';
import { TABLES, type Table } from './record.ts';
import type { ArchivedRecord } from './restore.ts';

type Kind = 'string' | 'number' | 'boolean' | 'list' | 'object' | 'bytes' | 'digits' | 'status';

/** Fields that the catalog relies on, whatever else a record holds. */
const FIELDS: { readonly [T in Table]?: Readonly<Record<string, Kind>> } = {
  node: { name: 'string', id: 'string', address: 'string' },
  instance: {
    node: 'string',
    id: 'string',
    service: 'string',
    tags: 'list',
    address: 'string',
    port: 'number',
    weights: 'object',
    enableTagOverride: 'boolean',
  },
  check: {
    node: 'string',
    id: 'string',
    name: 'string',
    instanceId: 'string',
    status: 'status',
    notes: 'string',
    output: 'string',
    source: 'object',
    deregisterAfterMs: 'number',
  },
  kv: { key: 'string', value: 'bytes', flags: 'digits', lockIndex: 'number' },
  setting: { name: 'string' },
  session: {
    id: 'string',
    name: 'string',
    node: 'string',
    lockDelayMs: 'number',
    behavior: 'string',
    ttlMs: 'number',
    checks: 'list',
  },
  query: { id: 'string', name: 'string', session: 'string', token: 'string', target: 'object' },
  'ring-policy': {
    service: 'string',
    placement: 'object',
    hashKeyMeta: 'string',
    zoneMeta: 'string',
    handOverMs: 'number',
    loadFactorPercent: 'number',
  },
  event: { time: 'number', id: 'string', name: 'string', payload: 'string' },
};

const IS: Readonly<Record<Kind, (value: unknown) => boolean>> = {
  string: (value) => typeof value === 'string',
  number: (value) => typeof value === 'number' && Number.isFinite(value),
  boolean: (value) => typeof value === 'boolean',
  list: (value) => Array.isArray(value) && value.every((each) => typeof each === 'string'),
  object: (value) => typeof value === 'object' && value !== null && !Array.isArray(value),
  bytes: (value) => value instanceof Uint8Array,
  digits: (value) => typeof value === 'string' && /^\d{1,20}$/.test(value),
  status: (value) => value === 'passing' || value === 'warning' || value === 'critical',
};

/** Takes a record of an archive as the catalog's. Throws an `Error` that names the field that does not fit. */
export function requireArchivable(table: unknown, value: unknown): ArchivedRecord {
  const known = TABLES.find((each) => each === table);
  if (known === undefined) throw new Error(`unknown table ${String(table)}`);
  if (!IS.object(value)) throw new Error(`a record of table ${known} must be an object`);
  const fields = value as Readonly<Record<string, unknown>>;
  for (const [field, kind] of Object.entries(FIELDS[known] ?? {}))
    if (!IS[kind](fields[field])) throw new Error(`${known}.${field} must be a ${kind}`);
  const record = { table: known, value: fields as unknown as RecordValues[Table] } as ArchivedRecord;
  const key: unknown = keyOf(known, record.value as never);
  if (typeof key !== 'string' || key === '') throw new Error(`a record of table ${known} has no key`);
  return record;
}
