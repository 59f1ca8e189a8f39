import type { Revision } from './ids.ts';

/**
 * The tables of the catalog; a store keeps them apart and knows nothing else about them.
 *
 * New ones go to the end: a store may number them.
 */
export const TABLES = [
  'node',
  'instance',
  'check',
  'kv',
  'tombstone',
  'setting',
  'session',
  'lock-delay',
  'event',
  'query',
  'ring-policy',
] as const;
export type Table = (typeof TABLES)[number];

/**
 * One stored record as a store sees it: opaque bytes and two revisions.
 *
 * `createRevision` is the commit that first put the key, `modifyRevision` the last one that did.
 */
export interface StoredRecord {
  readonly table: Table;
  readonly key: string;
  readonly value: Uint8Array;
  readonly createRevision: Revision;
  readonly modifyRevision: Revision;
}
