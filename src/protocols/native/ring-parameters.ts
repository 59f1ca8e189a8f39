import { RollcallError } from '../../core/index.ts';
import type { PlaceOptions } from '../../registry/index.ts';
import { flagOf, integerOf } from './read-query.ts';

export const MAX_KEY_BYTES = 64 * 1024;
export const MAX_REPLICAS = 100;
/** Most moved ranges of one answer. */
export const MAX_RANGES = 10_000;
const MAX_ZONE_LENGTH = 1024;

/** The key to place. Throws `invalid_request` where it is missing or too long. */
export function keyOf(query: URLSearchParams): string {
  const key = query.get('key');
  if (key === null) throw new RollcallError('invalid_request', 'The query parameter "key" is missing');
  requireKeySize(key, 'The key');
  return key;
}

export function requireKeySize(key: string, what: string): void {
  if (Buffer.byteLength(key) > MAX_KEY_BYTES)
    throw new RollcallError('invalid_request', `${what} is longer than ${MAX_KEY_BYTES} bytes`);
}

export function replicasOf(query: URLSearchParams): number {
  return integerOf(query, 'replicas', [1, MAX_REPLICAS], 1);
}

export function placeOptionsOf(query: URLSearchParams): PlaceOptions {
  return { zone: requireZone(query.get('zone') ?? ''), isSpread: flagOf(query, 'spread') };
}

export function requireZone(zone: string): string {
  if (zone.length <= MAX_ZONE_LENGTH) return zone;
  throw new RollcallError('invalid_request', `The zone is longer than ${MAX_ZONE_LENGTH} characters`);
}
