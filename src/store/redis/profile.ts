import type { Advice } from '../store.ts';
import type { RedisAddress } from './address.ts';
import type { Sender } from './connection.ts';
import { toArray, toText } from './reply.ts';

const LEAST_BACKLOG_BYTES = 64 * 1024 * 1024;
const MOST_LAG_SECONDS = 3;
const UNKNOWN = 'unknown';

/** What could be read of a server's configuration; what its ACL hides is missing. */
export interface Profile {
  /** Of INFO; undefined where it is forbidden. */
  readonly info: ReadonlyMap<string, string> | undefined;
  /** Of CONFIG GET; undefined where it is forbidden. */
  readonly config: ReadonlyMap<string, string> | undefined;
  /** Undefined where ACL WHOAMI is forbidden. */
  readonly user: string | undefined;
}

const CONFIG_NAMES = [
  ...['appendonly', 'appendfsync', 'no-appendfsync-on-rewrite', 'save', 'maxmemory-policy'],
  ...['min-replicas-to-write', 'min-replicas-max-lag', 'repl-backlog-size', 'replica-priority'],
];

/** Reads the profile of the primary; what is forbidden is left out. */
export async function readProfile(sender: Sender): Promise<Profile> {
  // One by one: Redis 6 takes one name per CONFIG GET.
  const settings = Promise.all(
    CONFIG_NAMES.map(async (name) => toArray(await sender.send('CONFIG', ['GET', name])).map(toText)),
  );
  const allowed = <T>(reply: Promise<T>): Promise<T | undefined> =>
    reply.catch((error: unknown) => {
      if (error instanceof Error && /^(NOPERM|ERR unknown command)/.test(error.message)) return undefined;
      throw error;
    });
  const [info, config, user] = await Promise.all([
    allowed(sender.send('INFO', []).then(toText)),
    allowed(settings),
    allowed(sender.send('ACL', ['WHOAMI']).then(toText)),
  ]);
  return {
    info: info === undefined ? undefined : toFields(info),
    config: config && new Map(config.map(([name = '', value = '']) => [name, value])),
    user,
  };
}

interface Rule {
  readonly setting: string;
  readonly should: string;
  readonly because: string;
  /** Whether the value is as it should be. */
  readonly holds: (value: string) => boolean;
  /** Where INFO tells the same without CONFIG GET. */
  readonly fromInfo?: (info: ReadonlyMap<string, string>) => string | undefined;
  readonly applies?: (topology: RedisAddress['topology']) => boolean;
}

const withReplicas = (topology: RedisAddress['topology']): boolean => topology !== 'single';

const RULES: readonly Rule[] = [
  {
    setting: 'appendonly',
    should: 'yes',
    because: 'without it a restart loses the catalog, and replicas copy the loss',
    holds: (value) => value === 'yes',
    fromInfo: (info) => (info.get('aof_enabled') === '1' ? 'yes' : 'no'),
  },
  {
    setting: 'appendfsync',
    should: 'always',
    because: 'a power failure takes up to the last second of a Redis that has no replica',
    holds: (value) => value === 'always',
    applies: (topology) => topology === 'single',
  },
  {
    setting: 'appendfsync',
    should: 'everysec',
    because: 'a power failure may take everything since the system last wrote on its own',
    holds: (value) => value !== 'no',
    applies: withReplicas,
  },
  {
    setting: 'no-appendfsync-on-rewrite',
    should: 'no',
    because: 'during a rewrite nothing would reach the disk',
    holds: (value) => value === 'no',
  },
  {
    setting: 'maxmemory-policy',
    should: 'noeviction',
    because: 'any other policy deletes records when memory runs out',
    holds: (value) => value === 'noeviction',
    fromInfo: (info) => info.get('maxmemory_policy'),
  },
  {
    setting: 'min-replicas-to-write',
    should: '1',
    because: 'a primary that is cut off goes on acknowledging writes that will be lost',
    holds: (value) => Number(value) >= 1,
    // In a cluster a shard is left without replicas by its own failover.
    applies: (topology) => topology === 'sentinel',
  },
  {
    setting: 'min-replicas-max-lag',
    should: String(MOST_LAG_SECONDS),
    because: 'it is how long a primary that is cut off goes on acknowledging writes',
    holds: (value) => Number(value) >= 1 && Number(value) <= MOST_LAG_SECONDS,
    applies: (topology) => topology === 'sentinel',
  },
  {
    setting: 'repl-backlog-size',
    should: '64mb',
    because: 'a replica that was away longer than the backlog reaches must copy everything',
    holds: (value) => Number(value) >= LEAST_BACKLOG_BYTES,
    fromInfo: (info) => info.get('repl_backlog_size'),
    applies: withReplicas,
  },
  {
    setting: 'replica-priority',
    should: '100',
    because: '0 means that this server is never made the primary again',
    holds: (value) => Number(value) > 0,
    applies: withReplicas,
  },
];

/** Everything about a server that weakens what the registry promises on it, each with its remedy. */
export function judgeProfile(profile: Profile, topology: RedisAddress['topology']): Advice[] {
  const { info, config } = profile;
  const advice = RULES.filter(({ applies }) => applies?.(topology) !== false).flatMap((rule): Advice[] => {
    const { setting, should, because, holds, fromInfo } = rule;
    const value = config?.get(setting) ?? (info && fromInfo?.(info)) ?? UNKNOWN;
    return value === UNKNOWN || !holds(value) ? [{ setting, value, should, because }] : [];
  });
  return [...advice, ...judgeServer(profile)];
}

function judgeServer({ info, user }: Profile): Advice[] {
  const advice: Advice[] = [];
  const version = info?.get('redis_version') ?? UNKNOWN;
  if (!/^(6\.([2-9]|\d\d)|[7-9]|\d\d)/.test(version)) {
    const because = 'older ones lack commands that the registry uses';
    advice.push({ setting: 'version', value: version, should: '6.2 or later', because });
  }
  if (user === 'default') {
    const because = 'whoever else may log in as that user controls the catalog';
    advice.push({ setting: 'user', value: user, should: 'an ACL user of its own', because });
  }
  if (info === undefined) {
    const because =
      'a failover behind a connection that stays open is then noticed only where revisions went back';
    advice.push({ setting: 'acl', value: 'INFO is forbidden', should: '+info', because });
  }
  return advice;
}

/** Whether the advice rests on a value that was read, not on one that the ACL hides. */
export function isCertain({ value }: Advice): boolean {
  return value !== UNKNOWN;
}

/** `name:value` lines (INFO). */
export function toFields(info: string): Map<string, string> {
  return new Map(
    info
      .split('\r\n')
      .flatMap((line) =>
        line.includes(':') ? [[line.split(':', 1)[0] ?? '', line.slice(line.indexOf(':') + 1)]] : [],
      ),
  );
}
