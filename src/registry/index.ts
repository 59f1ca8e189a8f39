export { Registry, type Identity } from './registry.ts';
export type { Answer, Freshness, ReadMode, ReadOptions } from './reads.ts';
export type { Placed, Placement, ServiceRing } from './rings.ts';
export { ArchiveError } from './snapshot-archive.ts';
export { configEntriesQuery, configEntryQuery, type ConfigEntry } from './config-entries.ts';
