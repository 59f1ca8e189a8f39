import { badRequest } from './errors.ts';

const MAX_PAIRS = 64;
const MAX_KEY_LENGTH = 128;
const MAX_VALUE_LENGTH = 512;

/** Throws Consul's errors for metadata that is too much, too long or misnamed. */
export function validateServiceMeta(meta: Readonly<Record<string, string>>): void {
  validateMeta(meta, 'Invalid Service Meta: ');
}

function validateMeta(meta: Readonly<Record<string, string>>, prefix: string): void {
  const entries = Object.entries(meta);
  if (entries.length > MAX_PAIRS) {
    throw badRequest(`${prefix}Node metadata cannot contain more than ${String(MAX_PAIRS)} key/value pairs`);
  }
  for (const [key, value] of entries) {
    const reason = pairError(key, value);
    if (reason !== undefined) {
      throw badRequest(`${prefix}Couldn't load metadata pair ('${key}', '${value}'): ${reason}`);
    }
  }
}

/** The metadata of a node as it is, if it is valid. Throws an `Error` in Consul's words. */
export function decodeNodeMeta(meta: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  validateMeta(meta, 'invalid node metadata: ');
  return meta;
}

/** What is wrong with metadata that nodes are looked for by, in Consul's words; undefined when all is well. */
export function nodeMetaError(meta: Readonly<Record<string, string>>): string | undefined {
  const entries = Object.entries(meta);
  if (entries.length > MAX_PAIRS)
    return `Node metadata cannot contain more than ${String(MAX_PAIRS)} key/value pairs`;
  for (const [key, value] of entries) {
    // Nodes do have metadata that only Consul itself may give them.
    const reason = pairError(key.replace(/^consul-(?=.)/, ''), value);
    if (reason !== undefined) return `Couldn't load metadata pair ('${key}', '${value}'): ${reason}`;
  }
  return undefined;
}

function pairError(key: string, value: string): string | undefined {
  if (key === '') return 'Key cannot be blank';
  if (!/^[a-zA-Z0-9_-]+$/.test(key)) return 'Key contains invalid characters';
  if (key.length > MAX_KEY_LENGTH) return `Key is too long (limit: ${String(MAX_KEY_LENGTH)} characters)`;
  if (key.startsWith('consul-')) return "Key prefix 'consul-' is reserved for internal use";
  if (Buffer.byteLength(value) > MAX_VALUE_LENGTH)
    return `Value is too long (limit: ${String(MAX_VALUE_LENGTH)} characters)`;
  return undefined;
}
