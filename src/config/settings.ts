import { hostname } from 'node:os';
import { BACKUP_SETTINGS } from './backup-settings.ts';
import { DNS_SETTINGS } from './dns-settings.ts';
import { EUREKA_SETTINGS } from './eureka-settings.ts';
import { PROTECTION_SETTINGS } from './protection-settings.ts';
import { REDIS_SETTINGS } from './redis-settings.ts';
import { type FieldOf, named, type Setting, type SettingSpec, type ValueOf } from './setting.ts';

const DAY_MS = 86_400_000;

const NAME = {
  pattern: /^[A-Za-z0-9]([A-Za-z0-9._-]{0,126}[A-Za-z0-9])?$/,
  expects: 'letters, digits, ".", "_" and "-"',
};
const UUID = {
  pattern: /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/,
  expects: 'a UUID in lower case, such as 3f2504e0-4f89-41d3-9a0c-0305e82c3301',
};
const LABEL = { pattern: /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/, expects: 'a DNS label in lower case' };

const TABLE = [
  {
    key: 'httpPort',
    type: 'port',
    default: '8500',
    description: 'Port of the HTTP APIs; 0 takes any free port.',
  },
  {
    key: 'dnsPort',
    type: 'port',
    default: '8600',
    description: 'Port of DNS, for UDP and TCP; 0 takes any free port.',
  },
  {
    key: 'dnsEnabled',
    type: 'boolean',
    default: 'true',
    description: 'Whether DNS is served.',
  },
  {
    key: 'bind',
    type: 'address',
    default: '127.0.0.1',
    description:
      'IP address that HTTP and DNS listen on; there is no access control yet, so choose with care.',
  },
  {
    key: 'dnsBind',
    type: 'address',
    defaultText: 'the bind address',
    description: 'IP address that DNS listens on, where it is another one.',
  },
  {
    key: 'advertise',
    type: 'address',
    defaultText: 'the bind address, or the first external IPv4 address where that is a wildcard',
    description: 'IP address of this node in its own catalog.',
  },
  ...REDIS_SETTINGS,
  {
    key: 'dataDir',
    type: 'string',
    default: './data',
    description: 'Directory of the embedded store, or of what a node remembers of its Redis.',
  },
  {
    key: 'datacenter',
    type: 'string',
    ...LABEL,
    default: 'dc1',
    description: 'Name of the one datacenter this registry serves.',
  },
  {
    key: 'nodeName',
    type: 'string',
    ...NAME,
    default: hostname(),
    defaultText: 'the host name',
    description: 'Name of this registry node in the catalog; unique among the nodes of one registry.',
  },
  {
    key: 'agentName',
    type: 'string',
    ...NAME,
    default: 'rollcall',
    description: 'Name of the logical node that services registered through the Consul agent API live on.',
  },
  {
    key: 'agentId',
    type: 'string',
    ...UUID,
    defaultText: 'derived from the datacenter and the name',
    description: 'UUID of that logical node.',
  },
  {
    key: 'serviceDir',
    type: 'string',
    defaultText: 'none',
    description: "Directory of service definitions (`*.json`, Consul's form) to register at start.",
  },
  {
    key: 'logLevel',
    type: 'enum',
    values: ['debug', 'info', 'warn', 'error', 'silent'],
    default: 'info',
    description: 'Least severe level that is logged, as JSON lines on stderr.',
  },
  {
    key: 'checkDeregisterMin',
    type: 'duration',
    min: 0,
    max: DAY_MS,
    default: '1m',
    description: 'Lowest `DeregisterCriticalServiceAfter`; lower ones are raised to it.',
  },
  {
    key: 'checkIntervalMin',
    type: 'duration',
    min: 10,
    max: DAY_MS,
    default: '1s',
    description: 'Lowest interval of a health check; lower ones are raised to it.',
  },
  {
    key: 'checkUpdateInterval',
    type: 'duration',
    min: 0,
    max: DAY_MS,
    default: '5m',
    description:
      'How long a change of the output alone, the status being the same, may wait until it is stored.',
  },
  {
    key: 'enableScriptChecks',
    type: 'boolean',
    default: 'false',
    description:
      'Whether whoever may register a check may have programs run on this host, as its user; leave it off.',
  },
  {
    key: 'kvMaxValueBytes',
    type: 'integer',
    min: 1,
    max: 16 * 1024 * 1024,
    default: '524288',
    description: 'Longest value of a configuration key, in bytes.',
  },
  {
    key: 'workers',
    type: 'integer',
    min: 1,
    max: 128,
    default: '1',
    description:
      'How many processes `serve` runs behind one port, each of them a registry node; more than one need a Redis.',
  },
  {
    key: 'httpMaxConnsPerClient',
    type: 'integer',
    min: 1,
    max: 1_000_000,
    default: '200',
    description: 'Most HTTP connections open from one client address.',
  },
  {
    key: 'httpHosts',
    type: 'list',
    item: (text) => /^[A-Za-z0-9]([A-Za-z0-9.-]{0,252})$/.test(text),
    expects: 'DNS names such as registry.example.com',
    default: '',
    defaultText: 'none',
    description:
      'DNS names with a dot by which browsers, or anybody where `bind` is a loopback address, may call this registry.',
  },
  {
    key: 'historyLength',
    type: 'integer',
    min: 1000,
    max: 100_000_000,
    default: '100000',
    description:
      'How many commits are kept for nodes that follow; a node further behind reads a new snapshot.',
  },
  ...BACKUP_SETTINGS,
  ...PROTECTION_SETTINGS,
  ...DNS_SETTINGS,
  ...EUREKA_SETTINGS,
] as const satisfies readonly SettingSpec[];

type Row = (typeof TABLE)[number];

/** Every setting's value, checked; durations in ms. What has no default may be undefined. */
export type Config = { readonly [S in Row as FieldOf<S>]: ValueOf<S> };

/** The table of settings: flags, environment, config file, help and docs all follow from it. */
export const SETTINGS: readonly Setting[] = TABLE.map(named);
