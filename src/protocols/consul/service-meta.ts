import { badRequest } from './errors.ts';

const MAX_PAIRS = 64;
const MAX_KEY_LENGTH = 128;
const MAX_VALUE_LENGTH = 512;

/** Throws Consul's errors for metadata that is too much, too long or misnamed. */
export function validateServiceMeta(meta: Readonly<Record<string, string>>): void {
  const entries = Object.entries(meta);
  if (entries.length > MAX_PAIRS) {
    throw badRequest(
      `Invalid Service Meta: Node metadata cannot contain more than ${String(MAX_PAIRS)} key/value pairs`,
    );
  }
  for (const [key, value] of entries) {
    const reason = pairError(key, value);
    if (reason !== undefined) {
      throw badRequest(`Invalid Service Meta: Couldn't load metadata pair ('${key}', '${value}'): ${reason}`);
    }
  }
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
