import type { Scalar } from './coerce.ts';

// Readers of what a filter looks at. Absent, null and foreign values are the zero value of what is asked.

export function textOf(value: unknown): string {
  return typeof value === 'string' ? value : '';
}

export function scalarIn(value: unknown, kind: Scalar): string | number | boolean {
  if (kind === 'string') return textOf(value);
  if (kind === 'bool') return value === true;
  return typeof value === 'number' ? value : 0;
}

export function elementsOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

/** A field of a struct or the value of a map's key; undefined if there is none. */
export function entryOf(value: unknown, name: string): unknown {
  if (value instanceof Map) return value.get(name);
  if (typeof value !== 'object' || value === null || !Object.hasOwn(value, name)) return undefined;
  return (value as Readonly<Record<string, unknown>>)[name];
}

/** Whether a list or a map has nothing in it. */
export function isEmpty(value: unknown): boolean {
  if (value instanceof Map) return value.size === 0;
  return typeof value !== 'object' || value === null || Object.keys(value).length === 0;
}
