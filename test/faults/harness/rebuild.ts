import { State } from '../../../src/core/index.ts';
import { createLogger } from '../../../src/platform/logger.ts';
import { pureHashes } from '../../../src/core/ring/index.ts';
import { digestOf, type CatalogDigest } from '../../../src/registry/digest.ts';
import type { RedisServer } from '../../support/redis-server.ts';
import { createRedisStore } from '../../../src/store/redis/index.ts';
import { decodeRecord } from '../../../src/view/codec.ts';

/** The digest of what Redis holds, built from its records alone. */
export async function rebuiltDigest(url: string): Promise<CatalogDigest> {
  const store = createRedisStore({ url, logger: createLogger('silent') });
  await store.open();
  try {
    await store.adopt(0);
    const state = new State();
    const { base, items } = await store.snapshot(AbortSignal.timeout(20_000));
    for await (const page of items)
      for (const item of page) {
        if (item.kind !== 'record') continue;
        const { table, value } = decodeRecord(item.record);
        if (value !== undefined) state.load(table, value);
      }
    state.revision = base;
    const digest = await digestOf(() => state, pureHashes.xxh64);
    if (digest === undefined) throw new Error('the rebuilt catalog changed');
    return digest;
  } finally {
    await store.close();
  }
}

/** The ids of all operations in the log, as often as they stand there; those of a refill have none of their own. */
export async function operationIds(redis: RedisServer): Promise<string[]> {
  const entries = (await redis.call('XRANGE', '{rollcall}:log', '-', '+')) as [string, string[]][];
  return entries
    .flatMap(([, fields]) => fields.filter((_, at) => at % 2 === 1 && fields[at - 1] === 't'))
    .map((frame) => frame.slice(4, 4 + frame.charCodeAt(3)))
    .filter((operation) => operation !== 'refill');
}
