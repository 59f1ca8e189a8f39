import { compareUtf8, type StringMap } from '../../core/index.ts';

/**
 * A value as Go programs see it: an object is a struct (fields in order, absent ones left out), a
 * `Map` is a map (keys sorted), a bigint is an integer of any size, bytes are base64 or null when empty.
 */
export type GoValue =
  | null
  | boolean
  | number
  | bigint
  | string
  | Uint8Array
  | readonly GoValue[]
  | ReadonlyMap<string, GoValue>
  | GoStruct;

export interface GoStruct {
  readonly [field: string]: GoValue | undefined;
}

/** Compact JSON as Go's `encoding/json` writes it, `<`, `>` and `&` escaped. */
export function encodeGoJson(value: GoValue): string {
  switch (typeof value) {
    case 'string':
      return quoted(value);
    case 'object':
      return value === null ? 'null' : encodeObject(value);
    default:
      return String(value);
  }
}

/** Four spaces a level, as Go's `json.Indent` does; empty objects and arrays stay on one line. */
export function indentJson(json: string): string {
  let out = '';
  let depth = 0;
  for (const [token] of json.matchAll(/"(?:[^"\\]|\\.)*"|\[\]|\{\}|[[\]{},:]|[^"[\]{},:]+/g)) {
    if (token === '[' || token === '{') out += token + newline(++depth);
    else if (token === ']' || token === '}') out += newline(--depth) + token;
    else if (token === ',') out += token + newline(depth);
    else out += token === ':' ? ': ' : token;
  }
  return out;
}

/** A JSON object as a Go map; undefined stays undefined. */
export function goMap(record: StringMap): ReadonlyMap<string, string>;
export function goMap(record: StringMap | undefined): ReadonlyMap<string, string> | undefined;
export function goMap(record: StringMap | undefined): ReadonlyMap<string, string> | undefined {
  return record && new Map(Object.entries(record));
}

const ESCAPED = /[<>&\u2028\u2029]/g;

function quoted(text: string): string {
  return JSON.stringify(text).replace(
    ESCAPED,
    (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}

function encodeObject(value: object & GoValue): string {
  if (value instanceof Uint8Array) {
    return value.length === 0
      ? 'null'
      : `"${Buffer.from(value.buffer, value.byteOffset, value.length).toString('base64')}"`;
  }
  if (isList(value)) return `[${value.map(encodeGoJson).join(',')}]`;
  if (value instanceof Map) {
    const entries = [...(value as ReadonlyMap<string, GoValue>)].sort(([a], [b]) => compareUtf8(a, b));
    return encodeFields(entries);
  }
  return encodeFields(Object.entries(value as GoStruct));
}

function encodeFields(entries: readonly (readonly [string, GoValue | undefined])[]): string {
  const fields: string[] = [];
  for (const [key, value] of entries)
    if (value !== undefined) fields.push(`${quoted(key)}:${encodeGoJson(value)}`);
  return `{${fields.join(',')}}`;
}

function isList(value: GoValue): value is readonly GoValue[] {
  return Array.isArray(value);
}

function newline(depth: number): string {
  return `\n${'    '.repeat(depth)}`;
}
