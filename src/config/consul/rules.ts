import { join } from 'node:path';
import { ConfigError } from '../error.ts';
import { isObject } from './files.ts';

/** A value of Consul's configuration, and where it stands, as error messages name it. */
export interface Found {
  readonly source: string;
  readonly value: unknown;
}

/** One key of Consul's configuration and the settings that follow from it. */
export interface Rule {
  readonly path: string;
  /** Values as the environment would spell them, by key of the setting. */
  readonly settingsOf: (found: Found) => Readonly<Record<string, string>>;
}

const LOG_LEVELS: Readonly<Record<string, string>> = { trace: 'debug', err: 'error', warning: 'warn' };
const UNITS_S: Readonly<Record<string, number>> = {
  ns: 1e-9,
  us: 1e-6,
  µs: 1e-6,
  ms: 1e-3,
  s: 1,
  m: 60,
  h: 3600,
};

/** Every key that applies here as it stands; addresses, node metadata and definitions are read elsewhere. */
export const RULES: readonly Rule[] = [
  rule('datacenter', 'datacenter', (found) => text(found).toLowerCase()),
  // Consul's agent and the node it runs on are one.
  rule('node_name', 'nodeName', text),
  rule('node_name', 'agentName', text),
  rule('node_id', 'agentId', (found) => text(found).toLowerCase()),
  // What Consul keeps in its directory stays as it is.
  rule('data_dir', 'dataDir', (found) => join(text(found), 'rollcall')),
  rule('log_level', 'logLevel', logLevel),
  rule('ports.http', 'httpPort', httpPort),
  { path: 'ports.dns', settingsOf: dnsPort },
  rule('check_update_interval', 'checkUpdateInterval', text),
  rule('check_deregister_interval_min', 'checkDeregisterMin', text),
  rule('limits.http_max_conns_per_client', 'httpMaxConnsPerClient', integer),
  rule('limits.kv_max_value_size', 'kvMaxValueBytes', integer),
  rule('enable_script_checks', 'enableScriptChecks', flag),
  rule('dns_config.node_ttl', 'dnsNodeTtl', (found) => String(secondsOf(found))),
  rule('dns_config.service_ttl', 'dnsServiceTtl', serviceTtls),
  rule('dns_config.only_passing', 'dnsOnlyPassing', flag),
  rule('dns_config.a_record_limit', 'dnsARecordLimit', within(0, 4096)),
  // There are never more than eight such answers, whatever Consul's limit says.
  rule('dns_config.udp_answer_limit', 'dnsUdpAnswerLimit', within(1, 8)),
  rule('dns_config.enable_truncate', 'dnsEnableTruncate', flag),
  rule('dns_config.disable_compression', 'dnsDisableCompression', flag),
  rule('dns_config.enable_additional_node_meta_txt', 'dnsNodeMetaTxt', flag),
  rule('dns_config.recursor_timeout', 'dnsRecursorTimeout', text),
  rule('dns_config.recursor_strategy', 'dnsRecursorStrategy', text),
  rule('dns_config.soa.refresh', 'dnsSoaRefresh', integer),
  rule('dns_config.soa.retry', 'dnsSoaRetry', integer),
  rule('dns_config.soa.expire', 'dnsSoaExpire', integer),
  rule('dns_config.soa.min_ttl', 'dnsSoaMinTtl', integer),
  rule('recursors', 'dnsRecursors', (found) => texts(found).join(',')),
];

function rule(path: string, key: string, textOf: (found: Found) => string): Rule {
  return { path, settingsOf: (found) => ({ [key]: textOf(found) }) };
}

export function text(found: Found): string {
  if (typeof found.value !== 'string') throw expected('a string', found);
  return found.value;
}

function integer(found: Found): string {
  if (!Number.isInteger(found.value)) throw expected('a whole number', found);
  return String(found.value);
}

function flag(found: Found): string {
  if (typeof found.value !== 'boolean') throw expected('true or false', found);
  return String(found.value);
}

function within(min: number, max: number): (found: Found) => string {
  return (found) => String(Math.min(max, Math.max(min, Number(integer(found)))));
}

function logLevel(found: Found): string {
  const level = text(found).toLowerCase();
  return LOG_LEVELS[level] ?? level;
}

/** Consul switches a listener off by a port below 0. */
function httpPort(found: Found): string {
  const port = integer(found);
  if (Number(port) < 0)
    throw new ConfigError(`${found.source}: HTTP cannot be switched off, for HTTPS is not served`);
  return port;
}

function dnsPort(found: Found): Readonly<Record<string, string>> {
  const port = integer(found);
  return Number(port) < 0 ? { dnsEnabled: 'false' } : { dnsEnabled: 'true', dnsPort: port };
}

/** A duration as Consul writes it, or nanoseconds; in whole seconds, rounded down as TTLs are. */
function secondsOf(found: Found): number {
  if (typeof found.value === 'number') return Math.floor(found.value / 1e9);
  const duration = text(found);
  if (duration === '0') return 0;
  if (!/^(\d+(\.\d+)?(ns|us|µs|ms|s|m|h))+$/.test(duration)) throw expected('a duration such as 10s', found);
  let total = 0;
  for (const [, amount, unit = ''] of duration.matchAll(/([\d.]+)([a-zµ]+)/g))
    total += Number(amount) * (UNITS_S[unit] ?? 0);
  return Math.floor(total + 1e-9);
}

function serviceTtls(found: Found): string {
  if (!isObject(found.value)) throw expected('an object of durations by service', found);
  return Object.entries(found.value)
    .map(
      ([service, value]) =>
        `${service}=${String(secondsOf({ source: `${found.source}.${service}`, value }))}`,
    )
    .join(',');
}

function texts(found: Found): readonly string[] {
  if (Array.isArray(found.value) && found.value.every((each) => typeof each === 'string')) return found.value;
  throw expected('a list of strings', found);
}

export function expected(what: string, { source, value }: Found): ConfigError {
  const shown = isObject(value) ? 'an object' : Array.isArray(value) ? 'a list' : JSON.stringify(value);
  return new ConfigError(`${source}: expected ${what}, got ${shown}`);
}
