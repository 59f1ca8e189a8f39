import type { SettingSpec } from './setting.ts';

const DURABILITIES = ['async', 'safe', 'all'] as const;
const URL_SCHEMES = ['redis', 'rediss', 'unix'].concat(
  ['redis', 'rediss'].flatMap((scheme) => [`${scheme}+sentinel`, `${scheme}+cluster`]),
);

/** The settings of the store in Redis. */
export const REDIS_SETTINGS = [
  {
    key: 'redisUrl',
    type: 'url',
    schemes: URL_SCHEMES,
    defaultText: 'none, which means the embedded store',
    secret: true,
    description:
      'Redis that holds the catalog, such as `redis://user:password@host:6379/0`; docs/configuration.md has all forms.',
  },
  {
    key: 'redisNamespace',
    type: 'string',
    pattern: /^[A-Za-z0-9]([A-Za-z0-9._-]{0,62}[A-Za-z0-9])?$/,
    expects: 'letters, digits, ".", "_" and "-", at most 64',
    default: 'rollcall',
    description:
      'Prefix and hash tag of all keys in Redis; registries with different ones can share a Redis.',
  },
  {
    key: 'redisCaFile',
    type: 'string',
    defaultText: "none, which means Node's authorities",
    description: "PEM file of the authorities that may vouch for Redis' certificate.",
  },
  {
    key: 'redisCertFile',
    type: 'string',
    defaultText: 'none',
    description: 'PEM file of the certificate shown to Redis.',
  },
  {
    key: 'redisKeyFile',
    type: 'string',
    defaultText: 'none',
    description: 'PEM file of the key of that certificate.',
  },
  {
    key: 'redisReplicas',
    type: 'integer',
    min: 0,
    max: 100,
    defaultText: 'as Sentinel or the cluster says; 0 for a single Redis',
    description: 'How many replicas the primary has; `safe` and `all` count on them, dead or alive.',
  },
  {
    key: 'redisStrict',
    type: 'boolean',
    default: 'false',
    description:
      'Whether a Redis whose settings weaken what Rollcall promises is refused at start, rather than warned of.',
  },
  {
    key: 'durabilityCatalog',
    type: 'enum',
    values: DURABILITIES,
    default: 'async',
    description:
      'When a change of nodes, services, checks and events is acknowledged; see docs/reliability.md.',
  },
  {
    key: 'durabilityKv',
    type: 'enum',
    values: DURABILITIES,
    default: 'safe',
    description: 'When a change of configuration keys, locks included, is acknowledged.',
  },
  {
    key: 'durabilitySessions',
    type: 'enum',
    values: DURABILITIES,
    default: 'safe',
    description: 'When a change of sessions is acknowledged.',
  },
  {
    key: 'durabilitySettings',
    type: 'enum',
    values: DURABILITIES,
    default: 'safe',
    description: 'When a change of prepared queries, config entries and ring policies is acknowledged.',
  },
] as const satisfies readonly SettingSpec[];
