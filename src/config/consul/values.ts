import type { AgentFlags } from './flags.ts';
import { type Fragment, isObject } from './files.ts';
import type { Found } from './rules.ts';

/** Sections whose keys count one by one. */
const SECTIONS = new Set(['ports', 'addresses', 'limits', 'dns_config', 'dns_config.soa']);

/**
 * The values of all files and flags by path, such as `ports.http`.
 *
 * As in Consul a later value replaces an earlier one, but lists grow and objects are merged.
 */
export function valuesOf(flags: AgentFlags, fragments: readonly Fragment[]): Map<string, Found> {
  const values = new Map<string, Found>();
  for (const { source, content } of fragments) collect(values, source, content, '');
  for (const [path, found] of flags.values) values.set(path, merged(values.get(path), found));
  return values;
}

function collect(
  values: Map<string, Found>,
  file: string,
  content: Readonly<Record<string, unknown>>,
  prefix: string,
): void {
  for (const [key, value] of Object.entries(content)) {
    const path = `${prefix}${key}`;
    if (value === null) continue;
    if (SECTIONS.has(path) && isObject(value)) collect(values, file, value, `${path}.`);
    else values.set(path, merged(values.get(path), { source: `${file}: ${path}`, value }));
  }
}

function merged(before: Found | undefined, found: Found): Found {
  if (Array.isArray(before?.value) && Array.isArray(found.value))
    return { ...found, value: [...(before.value as unknown[]), ...(found.value as unknown[])] };
  if (isObject(before?.value) && isObject(found.value))
    return { ...found, value: { ...before.value, ...found.value } };
  return found;
}
