import { type Environment, type Given, readEnvironment, settleAll } from '../load.ts';
import type { Config } from '../settings.ts';
import { setAddresses } from './addresses.ts';
import { type Fragment, isObject, readFragments } from './files.ts';
import { parseAgentFlags } from './flags.ts';
import { expected, type Found, RULES, text } from './rules.ts';
import { valuesOf } from './values.ts';

/** Service and check definitions of one file, as they are written there. */
export interface DefinitionFile {
  readonly source: string;
  readonly content: unknown;
}

/** What Consul's own configuration of an agent comes to here. */
export interface AgentConfig {
  readonly config: Config;
  readonly nodeMeta: Readonly<Record<string, string>>;
  readonly definitions: readonly DefinitionFile[];
  /** Keys that are given and do nothing here, in alphabetical order. */
  readonly leftAside: readonly string[];
}

const DEFINITIONS = ['service', 'services', 'check', 'checks'];
const USED = new Set([
  ...RULES.map(({ path }) => path),
  ...DEFINITIONS,
  'node_meta',
  'client_addr',
  'bind_addr',
  'advertise_addr',
  'addresses.http',
  'addresses.dns',
]);
const OUR_DOMAIN = /^(consul|rollcall)\.?$/i;

/**
 * Reads the flags and files that Consul's agent takes, and what of them applies here.
 *
 * A flag wins over `ROLLCALL_*` variables, those win over the files, of which the last to name a key decides, and the
 * files over the defaults. `ephemeral` names the data directory for `-dev` where none is given.
 *
 * Throws `ConfigError` for an unknown flag, a file that cannot be read, a value of the wrong kind, and for what would
 * leave the agent deaf.
 */
export function loadAgentConfig(
  argv: readonly string[],
  env: Environment,
  ephemeral: () => string,
): AgentConfig {
  const flags = parseAgentFlags(argv);
  const fragments = readFragments(flags);
  const values = valuesOf(flags, fragments);
  const given = new Map<string, Given>();
  for (const { path, settingsOf } of RULES) {
    const found = values.get(path);
    if (found === undefined) continue;
    for (const [key, value] of Object.entries(settingsOf(found)))
      given.set(key, { source: found.source, text: value });
  }
  const unused = setAddresses(values, given, flags.isDev);
  const variables = readEnvironment(env);
  if (flags.isDev && !given.has('dataDir') && !variables.has('ROLLCALL_DATA_DIR'))
    given.set('dataDir', { source: '-dev', text: ephemeral() });
  const config = settleAll(({ key, env: name }) => {
    const value = given.get(key);
    return value?.source.startsWith('-') === true ? value : (variables.get(name) ?? value);
  });
  return {
    config: given.has('agentName') || variables.has('ROLLCALL_AGENT_NAME') ? config : named(config),
    nodeMeta: nodeMetaOf(values.get('node_meta')),
    definitions: fragments.flatMap(definitionsOf),
    leftAside: [...new Set([...leftAside(values), ...unused])].sort(),
  };
}

/** Consul's agent is called as its host is. */
function named(config: Config): Config {
  return Object.freeze({ ...config, agentName: config.nodeName });
}

function nodeMetaOf(found: Found | undefined): Record<string, string> {
  if (found === undefined) return {};
  if (!isObject(found.value)) throw expected('an object of strings', found);
  const entries = Object.entries(found.value).map(([key, value]) => [
    key,
    text({ source: `${found.source}.${key}`, value }),
  ]);
  return Object.fromEntries(entries) as Record<string, string>;
}

function definitionsOf({ source, content }: Fragment): DefinitionFile[] {
  const entries = DEFINITIONS.flatMap((key) => (key in content ? [[key, content[key]] as const] : []));
  return entries.length === 0 ? [] : [{ source, content: Object.fromEntries(entries) }];
}

function leftAside(values: ReadonlyMap<string, Found>): string[] {
  return [...values].flatMap(([path, { value }]) => {
    const isOurs = path.endsWith('domain') && typeof value === 'string' && OUR_DOMAIN.test(value);
    return USED.has(path) || isOurs ? [] : [path];
  });
}
