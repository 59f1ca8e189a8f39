import { RollcallError } from '../../core/index.ts';
import type { Route, RouteRequest, RouteResponse } from '../../http/index.ts';
import type { PlaceOptions, Registry } from '../../registry/index.ts';
import { json } from './answer.ts';
import { fieldsOf, jsonBody } from './read-query.ts';
import { MAX_REPLICAS, requireKeySize, requireZone } from './ring-parameters.ts';
import { locatedShape } from './ring-shapes.ts';

const MAX_KEYS = 10_000;
const BODY_LIMIT_BYTES = 4 * 1024 * 1024;
const FIELDS = ['keys', 'replicas', 'zone', 'spread'];

interface Lookup {
  readonly keys: readonly string[];
  readonly count: number;
  readonly options: PlaceOptions;
}

/** Lookups of many keys in one call. */
export function ringLookupRoutes(registry: Registry): Route[] {
  return [
    {
      method: 'POST',
      path: '/api/v1/services/{service}/ring/lookup',
      bodyLimitBytes: BODY_LIMIT_BYTES,
      handle: (request) => lookup(registry, request),
    },
  ];
}

async function lookup({ rings, reads }: Registry, { params, body }: RouteRequest): Promise<RouteResponse> {
  const service = params['service'] ?? '';
  const { keys, count, options } = lookupOf(body);
  const placed = await rings.placeAll(service, keys, count, options);
  const { revision, digest, members, placements, isProvisional } = placed;
  const provisional = isProvisional ? { isProvisional } : {};
  const replicas = count === 1 ? {} : { replicas: placements };
  const owners = placements.map(([first = null]) => first);
  return json(
    { service, revision, digest, ...provisional, members: members.map(locatedShape), owners, ...replicas },
    reads.freshness(),
  );
}

function lookupOf(body: Uint8Array): Lookup {
  const { keys, replicas = 1, zone = '', spread = false } = fieldsOf(jsonBody(body), FIELDS);
  if (!Array.isArray(keys) || keys.length > MAX_KEYS)
    throw new RollcallError('invalid_request', `"keys" must be a list of at most ${MAX_KEYS} keys`);
  if (typeof replicas !== 'number' || !Number.isInteger(replicas) || replicas < 1 || replicas > MAX_REPLICAS)
    throw new RollcallError('invalid_request', `"replicas" must be an integer from 1 to ${MAX_REPLICAS}`);
  if (typeof zone !== 'string') throw new RollcallError('invalid_request', '"zone" must be a text');
  if (typeof spread !== 'boolean')
    throw new RollcallError('invalid_request', '"spread" must be true or false');
  const options = { zone: requireZone(zone), isSpread: spread };
  return { keys: keys.map(requireKey), count: replicas, options };
}

function requireKey(key: unknown, index: number): string {
  if (typeof key !== 'string') throw new RollcallError('invalid_request', `keys[${index}] must be a text`);
  requireKeySize(key, `keys[${index}]`);
  return key;
}
