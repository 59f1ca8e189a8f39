import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { ConfigError } from './error.ts';
import { nearest } from './nearest.ts';
import { fieldOf, type Setting } from './setting.ts';
import { type Config, SETTINGS } from './settings.ts';
import { expectation, parseValue, type SettingValue } from './value.ts';

export type Environment = Readonly<Record<string, string | undefined>>;
export type ReadFile = (path: string) => string;

/** A value as somebody gave it, and where, as error messages name it. */
export interface Given {
  readonly source: string;
  readonly text: string;
}

const CONFIG_FLAG = 'config';
const CONFIG_ENV = 'ROLLCALL_CONFIG';
/** Read by the client commands; a server started in the same shell passes over it. */
const CLIENT_ENV = 'ROLLCALL_URL';

/**
 * Reads every setting: flag, else environment, else config file, else default.
 *
 * `argv` holds flags only, as `--http-port 8500` or `--http-port=8500`. The config file is named by
 * `--config` or `ROLLCALL_CONFIG`. An environment variable that is empty counts as not set.
 *
 * Throws `ConfigError` for an unknown flag, `ROLLCALL_*` variable or key of the file, for a file
 * that cannot be read and for a value that does not fit its setting.
 */
export function loadConfig(argv: readonly string[], env: Environment, readFile: ReadFile = readText): Config {
  const flags = readFlags(argv);
  const variables = readEnvironment(env, readFile);
  const configFile = flags.get(CONFIG_FLAG) ?? variables.get(CONFIG_ENV);
  const keys = configFile === undefined ? new Map<string, Given>() : readConfigFile(configFile, readFile);

  return settleAll(({ flag, env: name, key }) => flags.get(flag) ?? variables.get(name) ?? keys.get(key));
}

/** Every setting's value: what `givenFor` finds, else the default. Throws `ConfigError` for what does not fit. */
export function settleAll(givenFor: (setting: Setting) => Given | undefined): Config {
  const values: Record<string, SettingValue | undefined> = {};
  for (const setting of SETTINGS) values[fieldOf(setting)] = settle(setting, givenFor(setting));
  // The loop above fills exactly the fields that the table's type lists.
  return Object.freeze(values) as unknown as Config;
}

function settle(setting: Setting, given: Given | undefined): SettingValue | undefined {
  if (given === undefined && setting.default === undefined) return undefined;
  const { source, text } = given ?? { source: `the default of ${setting.env}`, text: setting.default ?? '' };
  const value = parseValue(setting, text);
  if (value === undefined) throw invalid(setting, source, text);
  return value;
}

function readFlags(argv: readonly string[]): Map<string, Given> {
  const options: Record<string, { type: 'string' | 'boolean' }> = { [CONFIG_FLAG]: { type: 'string' } };
  for (const { flag, type } of SETTINGS) options[flag] = { type: type === 'boolean' ? 'boolean' : 'string' };
  const { tokens } = parseArgs({ args: [...argv], options, strict: false, tokens: true });

  const flags = new Map<string, Given>();
  for (const token of tokens) {
    if (token.kind !== 'option')
      throw new ConfigError(`unexpected argument ${JSON.stringify(argv[token.index])}`);
    const source = token.rawName;
    if (!Object.hasOwn(options, token.name) || !source.startsWith('--')) {
      throw unknown(
        'unknown flag',
        source,
        Object.keys(options).map((flag) => `--${flag}`),
      );
    }
    const text = token.value ?? (options[token.name]?.type === 'boolean' ? 'true' : '');
    const swallowedFlag = token.inlineValue !== true && text.startsWith('--');
    if (text === '' || swallowedFlag) throw new ConfigError(`${source}: needs a value`);
    if (flags.has(token.name)) throw new ConfigError(`${source}: given twice`);
    flags.set(token.name, { source, text });
  }
  return flags;
}

/** The `ROLLCALL_*` variables by name. Throws `ConfigError` for one that nobody knows. */
export function readEnvironment(env: Environment, readFile: ReadFile = readText): Map<string, Given> {
  const known = new Set([CONFIG_ENV, ...SETTINGS.map(({ env: name }) => name)]);
  const secretFiles = new Map(
    SETTINGS.filter(({ secret }) => secret).map(({ env: name }) => [`${name}_FILE`, name]),
  );
  const variables = new Map<string, Given>();
  for (const [name, text] of Object.entries(env)) {
    if (!name.startsWith('ROLLCALL_') || name === CLIENT_ENV || text === undefined || text === '') continue;
    const secret = secretFiles.get(name);
    if (known.has(name)) {
      variables.set(name, { source: name, text });
    } else if (secret !== undefined) {
      if (env[secret]) throw new ConfigError(`${name}: ${secret} is set too; only one of them may be`);
      variables.set(secret, { source: name, text: read(name, text, readFile).trimEnd() });
    } else if (!isServiceLink(name, text)) {
      throw unknown('unknown environment variable', name, [...known, ...secretFiles.keys()]);
    }
  }
  return variables;
}

/** Kubernetes and Docker put such variables into each container near a service called `rollcall`. */
function isServiceLink(name: string, text: string): boolean {
  return (
    /_SERVICE_HOST$|_SERVICE_PORT(_\w+)?$|_PORT_\d+_(TCP|UDP)/.test(name) || /^(tcp|udp):\/\//.test(text)
  );
}

function readConfigFile(configFile: Given, readFile: ReadFile): Map<string, Given> {
  const path = configFile.text;
  const content = parseJson(path, read(configFile.source, path, readFile));
  if (typeof content !== 'object' || content === null || Array.isArray(content)) {
    throw new ConfigError(`${path}: expected a JSON object of settings`);
  }
  const byKey = new Map(SETTINGS.map((setting) => [setting.key, setting]));
  const keys = new Map<string, Given>();
  for (const [key, value] of Object.entries(content)) {
    const setting = byKey.get(key);
    if (setting === undefined) throw unknown(`${path}: unknown key`, key, [...byKey.keys()]);
    const source = `${path}: ${key}`;
    const text = textOf(setting, value);
    if (text === undefined) throw invalid(setting, source, value);
    keys.set(key, { source, text });
  }
  return keys;
}

/** A JSON value as the environment would spell it; undefined where its type is not the setting's. */
function textOf(setting: Setting, value: unknown): string | undefined {
  if (typeof value === 'string') return value;
  const isNumber = setting.type === 'port' || setting.type === 'integer';
  if (typeof value === 'number' && isNumber) return String(value);
  if (typeof value === 'boolean' && setting.type === 'boolean') return String(value);
  const isList = setting.type === 'list' && Array.isArray(value);
  return isList && value.every((item) => typeof item === 'string') ? value.join(',') : undefined;
}

function parseJson(path: string, text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new ConfigError(`${path}: not valid JSON`, { cause: error });
  }
}

function read(source: string, path: string, readFile: ReadFile): string {
  try {
    return readFile(path);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new ConfigError(`${source}: cannot read ${JSON.stringify(path)}: ${reason}`, { cause: error });
  }
}

function readText(path: string): string {
  return readFileSync(path, 'utf8');
}

function invalid(setting: Setting, source: string, value: unknown): ConfigError {
  const shown = setting.secret === true ? 'a value that is not shown' : JSON.stringify(value);
  return new ConfigError(`${source}: expected ${expectation(setting)}, got ${shown}`);
}

function unknown(what: string, name: string, candidates: readonly string[]): ConfigError {
  return new ConfigError(`${what} ${name}; did you mean ${nearest(name, candidates)}?`);
}
