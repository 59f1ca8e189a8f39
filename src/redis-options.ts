import type { Config } from './config/index.ts';
import type { Table } from './core/index.ts';
import type { Logger } from './platform/logger.ts';
import type { Durability, RedisStoreOptions } from './store/redis/index.ts';

/** How the settings have the store use Redis, at the URL given. */
export function redisOptionsOf(config: Config, url: string, logger: Logger): RedisStoreOptions {
  return {
    url,
    namespace: config.redisNamespace,
    tlsFiles: { ca: config.redisCaFile, cert: config.redisCertFile, key: config.redisKeyFile },
    durability: durabilitiesOf(config),
    replicas: config.redisReplicas,
    witnessDirectory: config.dataDir,
    strict: config.redisStrict,
    historyLength: config.historyLength,
    logger,
  };
}

/** Every table by the setting that its kind of write has. */
function durabilitiesOf(config: Config): Record<Table, Durability> {
  const { durabilityCatalog, durabilityKv, durabilitySessions, durabilitySettings } = config;
  return {
    node: durabilityCatalog,
    instance: durabilityCatalog,
    check: durabilityCatalog,
    event: durabilityCatalog,
    kv: durabilityKv,
    tombstone: durabilityKv,
    'lock-delay': durabilityKv,
    session: durabilitySessions,
    setting: durabilitySettings,
    query: durabilitySettings,
    'ring-policy': durabilitySettings,
  };
}
