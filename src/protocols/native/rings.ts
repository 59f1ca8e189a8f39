import { RollcallError, splitKey } from '../../core/index.ts';
import type { Route, RouteRequest } from '../../http/index.ts';
import type { Placed, Registry } from '../../registry/index.ts';
import { json } from './answer.ts';

const MAX_KEY_BYTES = 64 * 1024;
const MAX_REPLICAS = 100;

/** Lookups by key through a service's ring, and the ring itself. */
export function ringRoutes(registry: Registry): Route[] {
  return [
    {
      method: 'GET',
      path: '/api/v1/services/{service}/owner',
      handle: (request) => owner(registry, request),
    },
    { method: 'GET', path: '/api/v1/services/{service}/ring', handle: (request) => ring(registry, request) },
  ];
}

function owner(registry: Registry, { params, query }: RouteRequest) {
  const service = params['service'] ?? '';
  const key = query.get('key');
  if (key === null) throw new RollcallError('invalid_request', 'The query parameter "key" is missing');
  if (Buffer.byteLength(key) > MAX_KEY_BYTES) {
    throw new RollcallError('invalid_request', `The key is longer than ${String(MAX_KEY_BYTES)} bytes`);
  }
  const { hash, revision, digest, preference } = registry.rings.place(service, key, replicaCount(query));
  const replicas = preference.map(located);
  return json(
    { service, key, hash, revision, digest, owner: replicas[0], replicas },
    registry.reads.freshness(),
  );
}

function ring(registry: Registry, { params }: RouteRequest) {
  const service = params['service'] ?? '';
  const { ring, revision } = registry.rings.ring(service);
  const members = ring.members.map(({ id, hashKey, weight }) => {
    const [node, instance] = splitKey(id);
    return { id: instance, node, hashKey, weight: weight ?? 1 };
  });
  const answer = { service, revision, digest: ring.digest, policy: ring.policy, points: ring.size, members };
  return json(answer, registry.reads.freshness());
}

function replicaCount(query: URLSearchParams): number {
  const text = query.get('replicas') ?? '1';
  const count = /^\d{1,3}$/.test(text) ? Number(text) : 0;
  if (count < 1 || count > MAX_REPLICAS) {
    throw new RollcallError(
      'invalid_request',
      `"replicas" must be an integer from 1 to ${String(MAX_REPLICAS)}`,
    );
  }
  return count;
}

function located({ instance, node }: Placed) {
  const address = instance.address === '' ? node.address : instance.address;
  return { id: instance.id, node: node.name, address, port: instance.port };
}
