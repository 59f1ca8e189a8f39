import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { ConfigError } from '../error.ts';
import type { AgentFlags } from './flags.ts';

/** One file of Consul's configuration; its keys, and those of its sections, are in lower case. */
export interface Fragment {
  readonly source: string;
  readonly content: Readonly<Record<string, unknown>>;
}

const MAX_FILE_BYTES = 4 * 1024 * 1024;
/** Objects whose keys are the user's own. */
const VERBATIM = new Set(['node_meta', 'service', 'services', 'check', 'checks']);

/**
 * Reads what `-config-file` and `-config-dir` name, in the order given; a directory in order of file name.
 *
 * Throws `ConfigError` for what cannot be read, is not a JSON object, or is written in HCL.
 */
export function readFragments({ sources, isAllJson }: AgentFlags): Fragment[] {
  return sources.flatMap(({ kind, path }) =>
    (kind === 'file' ? [path] : filesIn(path)).filter((each) => isRead(each, isAllJson)).map(readFragment),
  );
}

function filesIn(directory: string): string[] {
  const names = attempt(directory, () => readdirSync(directory)).sort();
  return names
    .map((name) => join(directory, name))
    .filter((path) => attempt(path, () => statSync(path)).isFile());
}

/** Compat(consul): a file that ends in neither `.json` nor `.hcl` is passed over unless the format is given. */
function isRead(path: string, isAllJson: boolean): boolean {
  if (isAllJson || path.endsWith('.json')) return true;
  if (path.endsWith('.hcl'))
    throw new ConfigError(`${path}: HCL is not supported; write the configuration as JSON`);
  return false;
}

function readFragment(path: string): Fragment {
  if (attempt(path, () => statSync(path)).size > MAX_FILE_BYTES)
    throw new ConfigError(`${path}: larger than ${String(MAX_FILE_BYTES)} bytes`);
  const text = attempt(path, () => readFileSync(path, 'utf8')).replace(/^\uFEFF/, '');
  const content = text.trim() === '' ? {} : parsed(path, text);
  if (!isObject(content)) throw new ConfigError(`${path}: expected a JSON object`);
  return { source: path, content: lowered(content, 2) };
}

function parsed(path: string, text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new ConfigError(`${path}: not valid JSON: ${reason}`, { cause: error });
  }
}

/** Consul reads keys without regard to case. */
function lowered(object: Readonly<Record<string, unknown>>, levels: number): Record<string, unknown> {
  const entries = Object.entries(object).map(([key, value]) => {
    const name = key.toLowerCase();
    const isSection = levels > 1 && isObject(value) && !VERBATIM.has(name);
    return [name, isSection ? lowered(value, levels - 1) : value];
  });
  return Object.fromEntries(entries) as Record<string, unknown>;
}

function attempt<T>(path: string, read: () => T): T {
  try {
    return read();
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new ConfigError(`cannot read ${JSON.stringify(path)}: ${reason}`, { cause: error });
  }
}

export function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
