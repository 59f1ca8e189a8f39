/** Whether two values, as JSON or bytes, are the same; absent and `undefined` properties are equal. */
export function deepEqual(a: unknown, b: unknown): boolean {
  if (Object.is(a, b)) return true;
  if (!isObject(a) || !isObject(b)) return false;
  if (a instanceof Uint8Array && b instanceof Uint8Array) return sameBytes(a, b);
  if (Array.isArray(a) && Array.isArray(b)) {
    return a.length === b.length && a.every((item, i) => deepEqual(item, b[i]));
  }
  return Array.isArray(a) === Array.isArray(b) && equalBut(a, b, NONE);
}

const NONE: readonly string[] = [];

/** Whether two objects have the same properties, those that `a` alone may have left aside. */
export function equalBut(a: object, b: object, left: readonly string[]): boolean {
  for (const [key, value] of Object.entries(a))
    if (!left.includes(key) && !deepEqual(value, own(b, key))) return false;
  for (const [key, value] of Object.entries(b))
    if (value !== undefined && !Object.hasOwn(a, key)) return false;
  return true;
}

function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false;
  return true;
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null;
}

function own(object: object, key: string): unknown {
  return Object.hasOwn(object, key) ? (object as Readonly<Record<string, unknown>>)[key] : undefined;
}
