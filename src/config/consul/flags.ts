import { ConfigError } from '../error.ts';
import { nearest } from '../nearest.ts';

/** What the flags of `agent` say: sources to read, in order, and keys as a file would spell them. */
export interface AgentFlags {
  readonly isDev: boolean;
  /** Files and directories of configuration, in the order given. */
  readonly sources: readonly { readonly kind: 'file' | 'directory'; readonly path: string }[];
  /** All sources are JSON, whatever their names end in. */
  readonly isAllJson: boolean;
  /** Values by the path of Consul's key, such as `ports.http`. */
  readonly values: ReadonlyMap<string, { readonly source: string; readonly value: unknown }>;
}

type Kind = 'text' | 'number' | 'switch' | 'list' | 'pairs';

/** Consul's flags, by kind; a name alone stands for the key of the same name with underscores. */
const FLAGS: Readonly<Record<Kind, readonly (string | readonly [flag: string, path: string])[]>> = {
  text: [
    ['advertise', 'advertise_addr'],
    ['advertise-wan', 'advertise_addr_wan'],
    'alt-domain',
    ['auto-reload-config', 'auto_reload_config'],
    ['bind', 'bind_addr'],
    ['client', 'client_addr'],
    'data-dir',
    'datacenter',
    'default-query-time',
    'domain',
    'encrypt',
    'log-file',
    'log-level',
    'log-rotate-duration',
    'max-query-time',
    ['node', 'node_name'],
    'node-id',
    'pid-file',
    'primary-gateway',
    'retry-interval',
    'retry-interval-wan',
    'segment',
    ['serf-lan-bind', 'serf_lan'],
    ['serf-wan-bind', 'serf_wan'],
    'ui-content-path',
    'ui-dir',
  ],
  number: [
    'bootstrap-expect',
    'check_output_max_size',
    ['dns-port', 'ports.dns'],
    ['grpc-port', 'ports.grpc'],
    ['grpc-tls-port', 'ports.grpc_tls'],
    ['http-port', 'ports.http'],
    ['https-port', 'ports.https'],
    'log-rotate-bytes',
    'log-rotate-max-files',
    'protocol',
    'raft-protocol',
    'retry-max',
    'retry-max-wan',
    ['serf-lan-port', 'ports.serf_lan'],
    ['serf-wan-port', 'ports.serf_wan'],
    ['server-port', 'ports.server'],
  ],
  switch: [
    'bootstrap',
    'disable-host-node-id',
    'disable-keyring-file',
    'enable-local-script-checks',
    'enable-script-checks',
    'log-json',
    'non-voting-server',
    ['rejoin', 'rejoin_after_leave'],
    'server',
    ['syslog', 'enable_syslog'],
    'ui',
  ],
  list: [
    'allow-write-http-from',
    ['join', 'start_join'],
    ['join-wan', 'start_join_wan'],
    ['recursor', 'recursors'],
    'retry-join',
    'retry-join-wan',
    ['serf-lan-allowed-cidrs', 'serf_lan_allowed_cidrs'],
    ['serf-wan-allowed-cidrs', 'serf_wan_allowed_cidrs'],
  ],
  pairs: ['node-meta'],
};

const KNOWN = new Map<string, { readonly kind: Kind; readonly path: string }>();
for (const kind of ['text', 'number', 'switch', 'list', 'pairs'] as const) {
  for (const entry of FLAGS[kind]) {
    const [flag, path] = typeof entry === 'string' ? [entry, entry.replaceAll('-', '_')] : entry;
    KNOWN.set(flag, { kind, path });
  }
}

const OWN = ['config-dir', 'config-file', 'config-format', 'dev', 'hcl'];

/**
 * Reads flags as Go programs do: one dash or two, a value behind `=` or in the next argument.
 *
 * Throws `ConfigError` for a flag that Consul does not have, and for a value that does not fit.
 */
export function parseAgentFlags(argv: readonly string[]): AgentFlags {
  const sources: AgentFlags['sources'][number][] = [];
  const values = new Map<string, { source: string; value: unknown }>();
  const own = { isDev: false, isAllJson: false };
  for (const { name, text } of tokens(argv)) {
    const source = `-${name}`;
    if (name === 'dev') own.isDev = switchOf(source, text);
    else if (name === 'config-file') sources.push({ kind: 'file', path: required(source, text) });
    else if (name === 'config-dir') sources.push({ kind: 'directory', path: required(source, text) });
    else if (name === 'config-format') own.isAllJson = isJson(required(source, text));
    else if (name === 'hcl')
      throw new ConfigError(`${source}: HCL is not supported; write the configuration as JSON`);
    else {
      const { kind, path } = known(name);
      values.set(path, { source, value: valueOf(kind, source, text, values.get(path)?.value) });
    }
  }
  return { ...own, sources, values };
}

/** What `rollcall agent -help` prints. */
export function agentHelp(): string {
  const flags = [...OWN.filter((name) => name !== 'hcl'), ...KNOWN.keys()].sort();
  return [
    'Usage: rollcall agent [-flag value ...]\n',
    "Runs a registry node by the configuration of a Consul agent, in JSON. Flags are Consul's own;",
    'those that mean nothing here are accepted and named in the log. See docs/consul-agent.md.\n',
    ...flags.map((name) => `  -${name}`),
    '',
  ].join('\n');
}

interface Token {
  readonly name: string;
  readonly text: string | undefined;
}

function* tokens(argv: readonly string[]): Generator<Token> {
  for (let at = 0; at < argv.length; at++) {
    const argument = argv[at] ?? '';
    const [, name, inline] = /^--?([^-=][^=]*)(?:=(.*))?$/s.exec(argument) ?? [];
    if (name === undefined) throw new ConfigError(`unexpected argument ${JSON.stringify(argument)}`);
    if (inline !== undefined || isSwitch(name)) yield { name, text: inline };
    else yield { name, text: argv[++at] };
  }
}

function isSwitch(name: string): boolean {
  return name === 'dev' || known(name).kind === 'switch';
}

function known(name: string): { readonly kind: Kind; readonly path: string } {
  if (OWN.includes(name)) return { kind: 'text', path: '' };
  const found = KNOWN.get(name);
  if (found !== undefined) return found;
  const closest = nearest(name, [...KNOWN.keys(), ...OWN]);
  throw new ConfigError(`unknown flag -${name}; did you mean -${closest}?`);
}

function valueOf(kind: Kind, source: string, text: string | undefined, before: unknown): unknown {
  switch (kind) {
    case 'switch':
      return switchOf(source, text);
    case 'text':
      return required(source, text);
    case 'number':
      if (!/^-?\d{1,9}$/.test(text ?? ''))
        throw new ConfigError(`${source}: expected a whole number, got ${shown(text)}`);
      return Number(text);
    case 'list':
      return [...(Array.isArray(before) ? (before as unknown[]) : []), required(source, text)];
    case 'pairs': {
      const [, key, value] = /^([^:]*):(.*)$/s.exec(required(source, text)) ?? [];
      if (key === undefined) throw new ConfigError(`${source}: expected key:value, got ${shown(text)}`);
      return { ...(before as object | undefined), [key]: value };
    }
  }
}

function required(source: string, text: string | undefined): string {
  if (text === undefined || text === '') throw new ConfigError(`${source}: needs a value`);
  return text;
}

function switchOf(source: string, text: string | undefined): boolean {
  if (text === undefined || /^(1|t|true)$/i.test(text)) return true;
  if (/^(0|f|false)$/i.test(text)) return false;
  throw new ConfigError(`${source}: expected true or false, got ${shown(text)}`);
}

function isJson(format: string): true {
  if (format === 'json') return true;
  throw new ConfigError(`-config-format: only json is supported, got ${shown(format)}`);
}

function shown(text: string | undefined): string {
  return JSON.stringify(text ?? '');
}
