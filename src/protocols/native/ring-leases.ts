import { RollcallError } from '../../core/index.ts';
import type { Route, RouteRequest, RouteResponse } from '../../http/index.ts';
import type { LeaseScope, Registry, RingLease, RingLeaseRequest } from '../../registry/index.ts';
import { json } from './answer.ts';
import { fieldsOf, jsonBody } from './read-query.ts';
import { requireKeySize, requireZone } from './ring-parameters.ts';
import { locatedShape } from './ring-shapes.ts';

const PATH = '/api/v1/services/{service}/ring/leases';
const BODY_LIMIT_BYTES = 256 * 1024;
const TTL_MS = [1000, 86_400_000] as const;
const LOAD_FACTOR_PERCENT = [100, 1000] as const;
const FIELDS = ['key', 'ttlMs', 'id', 'loadFactorPercent', 'scope', 'zone'];

/** Bounded load: places on instances that are taken, renewed and given back. */
export function ringLeaseRoutes(registry: Registry): Route[] {
  const { ringLeases } = registry;
  return [
    {
      method: 'POST',
      path: PATH,
      bodyLimitBytes: BODY_LIMIT_BYTES,
      handle: async (request) => {
        const wish = wishOf(request);
        return shown(registry, wish, await ringLeases.acquire(wish));
      },
    },
    {
      method: 'PUT',
      path: `${PATH}/{id}`,
      bodyLimitBytes: BODY_LIMIT_BYTES,
      handle: async ({ params, body }) => {
        const fields = fieldsOf(jsonBody(body), ['ttlMs', 'scope']);
        const ttlMs = integerField(fields, 'ttlMs', TTL_MS);
        const scope = scopeOf(fields['scope']);
        const service = params['service'] ?? '';
        const lease = await ringLeases.renew(service, requireId(params['id']), ttlMs, scope);
        return shown(registry, { service, ttlMs, scope }, lease);
      },
    },
    {
      method: 'DELETE',
      path: `${PATH}/{id}`,
      handle: async ({ params, query }) => {
        const scope = scopeOf(query.get('scope') ?? undefined);
        await ringLeases.release(params['service'] ?? '', requireId(params['id']), scope);
        return { status: 204 };
      },
    },
  ];
}

function shown(
  { reads }: Registry,
  { service, ttlMs, scope }: Pick<RingLeaseRequest, 'service' | 'ttlMs' | 'scope'>,
  lease: RingLease,
): RouteResponse {
  const { id, load, serviceLoad } = lease;
  const answer = { service, id, scope, ttlMs, instance: locatedShape(lease), load, serviceLoad };
  return { ...json(answer, reads.freshness()), status: lease.isNew ? 201 : 200 };
}

function wishOf({ params, body }: RouteRequest): RingLeaseRequest {
  const fields = fieldsOf(jsonBody(body), FIELDS);
  const { key, id, loadFactorPercent, zone = '' } = fields;
  if (typeof key !== 'string') throw new RollcallError('invalid_request', '"key" must be a text');
  if (typeof zone !== 'string') throw new RollcallError('invalid_request', '"zone" must be a text');
  requireKeySize(key, 'The key');
  return {
    service: params['service'] ?? '',
    key,
    ttlMs: integerField(fields, 'ttlMs', TTL_MS),
    scope: scopeOf(fields['scope']),
    zone: requireZone(zone),
    ...(id === undefined ? {} : { id: requireId(id) }),
    ...(loadFactorPercent === undefined
      ? {}
      : { loadFactorPercent: integerField(fields, 'loadFactorPercent', LOAD_FACTOR_PERCENT) }),
  };
}

function scopeOf(value: unknown = 'registry'): LeaseScope {
  if (value === 'registry' || value === 'node') return value;
  throw new RollcallError('invalid_request', '"scope" must be registry or node');
}

function requireId(value: unknown): string {
  if (typeof value === 'string' && /^[\w.:-]{1,128}$/.test(value)) return value;
  throw new RollcallError('invalid_request', 'A lease id is 1 to 128 letters, digits and . _ : -');
}

function integerField(
  fields: Readonly<Record<string, unknown>>,
  name: string,
  [from, to]: readonly [number, number],
): number {
  const value = fields[name];
  if (typeof value === 'number' && Number.isInteger(value) && value >= from && value <= to) return value;
  throw new RollcallError('invalid_request', `"${name}" must be an integer from ${from} to ${to}`);
}
