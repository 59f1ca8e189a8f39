export { Registry, type Identity } from './registry.ts';
export type { Answer, Freshness, ReadMode, ReadOptions } from './reads.ts';
export { STALL_MS, TICK_MS, type NodeConditionStatus } from './node-condition.ts';
export type { ProtectionStatus } from './protection.ts';
export type { Placed, Placement, ServiceRing } from './rings.ts';
export { ArchiveError } from './snapshot-archive.ts';
export { configEntriesQuery, configEntryQuery, type ConfigEntry } from './config-entries.ts';
