import { TABLES } from '../../core/index.ts';

/** The Redis keys of one registry; all carry one hash tag, so they share a Redis Cluster slot. */
export interface StoreKeys {
  readonly meta: string;
  readonly log: string;
  readonly topics: string;
  /** By index in `TABLES`. */
  readonly tables: readonly string[];
  /** Every key, in the order in which `lua/prelude.lua` expects them. */
  readonly all: readonly string[];
}

/** Names the keys of a namespace: 1 to 64 letters, digits, dots, dashes and underscores. */
export function storeKeys(namespace: string): StoreKeys {
  if (!/^[\w.-]{1,64}$/.test(namespace)) {
    throw new Error(`invalid Redis namespace ${JSON.stringify(namespace)}: use letters, digits, . _ -`);
  }
  const tag = `{${namespace}}`;
  const [meta, log, topics, leases] = [`${tag}:meta`, `${tag}:log`, `${tag}:topics`, `${tag}:leases`];
  const tables = TABLES.map((table) => `${tag}:r:${table}`);
  const bins = [`${tag}:bin:ends`, `${tag}:bin:places`, `${tag}:bin:loads`];
  return { meta, log, topics, tables, all: [meta, log, topics, leases, ...bins, ...tables] };
}
