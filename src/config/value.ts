import { isIP } from 'node:net';
import type { SettingSpec } from './setting.ts';

export type SettingValue = string | number | boolean | readonly string[];

/** Reads a value as it is written in a flag or in the environment; undefined where it is not valid. */
export function parseValue(spec: SettingSpec, text: string): SettingValue | undefined {
  switch (spec.type) {
    case 'string':
      return text !== '' && (spec.pattern?.test(text) ?? true) ? text : undefined;
    case 'address':
      return isIP(text) === 0 ? undefined : text;
    case 'url':
      return hasScheme(text, spec.schemes) ? text : undefined;
    case 'enum':
      return spec.values.includes(text) ? text : undefined;
    case 'boolean':
      return text === 'true' ? true : text === 'false' ? false : undefined;
    case 'list':
      return parseList(text, spec.item);
    case 'port':
      return within(parseInteger(text), 0, 65_535);
    case 'integer':
      return within(parseInteger(text), spec.min, spec.max);
    case 'duration':
      return within(parseDurationMs(text), spec.min, spec.max);
  }
}

function parseList(text: string, isItem: (item: string) => boolean = () => true): SettingValue | undefined {
  const items = text
    .split(',')
    .map((item) => item.trim())
    .filter((item) => item !== '');
  return items.every(isItem) ? Object.freeze(items) : undefined;
}

/** What `parseValue` takes for a setting, for error messages. */
export function expectation(spec: SettingSpec): string {
  switch (spec.type) {
    case 'string':
      return spec.expects ?? 'a text that is not empty';
    case 'address':
      return 'an IP address';
    case 'url':
      return `a URL that begins with ${spec.schemes.map((scheme) => `${scheme}://`).join(' or ')}`;
    case 'enum':
      return `one of ${spec.values.join(', ')}`;
    case 'boolean':
      return 'true or false';
    case 'list':
      return `a list separated by commas${spec.expects === undefined ? '' : `: ${spec.expects}`}`;
    case 'port':
      return 'a port number from 0 to 65535';
    case 'integer':
      return `a whole number from ${spec.min} to ${spec.max}`;
    case 'duration':
      return `a duration such as 500ms, 10s or 1m30s, from ${spec.min}ms to ${spec.max}ms`;
  }
}

const UNIT_MS = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 };

/** Go's form of durations, such as `1m30s` or `1.5h`, without the units below one millisecond. */
function parseDurationMs(text: string): number | undefined {
  if (text === '0') return 0;
  if (!/^(\d+(\.\d+)?(ms|s|m|h))+$/.test(text)) return undefined;
  let totalMs = 0;
  for (const [, amount, unit] of text.matchAll(/([\d.]+)(ms|s|m|h)/g)) {
    totalMs += Number(amount) * UNIT_MS[unit as keyof typeof UNIT_MS];
  }
  return Math.round(totalMs);
}

function parseInteger(text: string): number | undefined {
  return /^-?\d{1,15}$/.test(text) ? Number(text) : undefined;
}

function within(value: number | undefined, min: number, max: number): number | undefined {
  return value !== undefined && value >= min && value <= max ? value : undefined;
}

function hasScheme(text: string, schemes: readonly string[]): boolean {
  // A list of hosts is no URL to Node: its first one stands for it.
  const first = text.replace(/^([^/]+:\/\/(?:[^/?#]*@)?[^,/?#]+)(?:,[^,/?#]+)+/, '$1');
  return schemes.some((scheme) => text.startsWith(`${scheme}://`)) && URL.canParse(first);
}
