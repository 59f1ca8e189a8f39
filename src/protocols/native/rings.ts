import { RollcallError, topics, type Query, type Revision } from '../../core/index.ts';
import type { Route, RouteRequest, RouteResponse } from '../../http/index.ts';
import type { Registry, RingSince, ServiceRing } from '../../registry/index.ts';
import { json } from './answer.ts';
import { integerOf, waitMsOf } from './read-query.ts';
import { keyOf, MAX_RANGES, placeOptionsOf, replicasOf } from './ring-parameters.ts';
import {
  changesShape,
  compactShape,
  locatedShape,
  memberShape,
  movementShape,
  ringShape,
} from './ring-shapes.ts';

const COMPACT = 'application/vnd.rollcall.ring+json';
const DEFAULT_RANGES = 1000;

/** Lookups by key through a service's ring, and the ring itself. */
export function ringRoutes(registry: Registry): Route[] {
  const encoded = new EncodedRings();
  return [
    {
      method: 'GET',
      path: '/api/v1/services/{service}/owner',
      handle: (request) => owner(registry, request),
    },
    {
      method: 'GET',
      path: '/api/v1/services/{service}/ring',
      handle: (request) => ring(registry, encoded, request),
    },
  ];
}

async function owner({ rings, reads }: Registry, { params, query }: RouteRequest): Promise<RouteResponse> {
  const service = params['service'] ?? '';
  const key = keyOf(query);
  const [count, options] = [replicasOf(query), placeOptionsOf(query)];
  await rings.ready(service);
  const placement = rings.place(service, key, count, options);
  const { hash, revision, digest, preference, previous, isProvisional } = placement;
  const replicas = preference.map(locatedShape);
  const provisional = isProvisional ? { isProvisional } : {};
  const answer = { service, key, hash, revision, digest, ...provisional, owner: replicas[0], replicas };
  return json(
    previous === undefined ? answer : { ...answer, previous: memberShape(previous) },
    reads.freshness(),
  );
}

async function ring(
  registry: Registry,
  encoded: EncodedRings,
  request: RouteRequest,
): Promise<RouteResponse> {
  const { params, query } = request;
  const service = params['service'] ?? '';
  const isCompact = isCompactWanted(request);
  const since = query.has('since') ? integerOf(query, 'since', [0, Number.MAX_SAFE_INTEGER], 0) : undefined;
  const maxRanges = integerOf(query, 'ranges', [0, MAX_RANGES], DEFAULT_RANGES);
  await changeAfter(registry, service, since ?? 0, request);
  if (since !== undefined) {
    const found = await registry.ringMovements.since(service, since, maxRanges);
    if (found.delta !== undefined) return json(sinceShape(service, since, found), registry.reads.freshness());
  }
  const current = await registry.rings.of(service).current();
  const body = encoded.body(service, current, isCompact);
  const { headers, ...answer } = json({}, registry.reads.freshness());
  const type = isCompact ? { 'Content-Type': COMPACT } : {};
  return { ...answer, headers: { ...headers, ...type }, body };
}

function isCompactWanted({ query, headers }: RouteRequest): boolean {
  const format = query.get('format');
  if (format !== null && format !== 'compact')
    throw new RollcallError('invalid_request', '"format" must be "compact" where it is given');
  return format === 'compact' || headers.accept === COMPACT;
}

/** Waits where the request says so, until the ring has changed after a revision. */
async function changeAfter(
  { reads, state }: Registry,
  service: string,
  index: Revision,
  { query, signal }: RouteRequest,
): Promise<void> {
  const waitMs = waitMsOf(query);
  if (waitMs === 0) return;
  const topic = topics.ring(service);
  const changes: Query<undefined> = {
    topics: [topic],
    index: (now) => now.topic(topic),
    run: () => undefined,
  };
  const mode = index > state.revision ? 'default' : 'stale';
  await reads.read(changes, { mode, index, waitMs, signal });
}

function sinceShape(service: string, since: Revision, { ring: now, delta, movement, before }: RingSince) {
  return {
    service,
    since,
    isFull: false,
    revision: now.revision,
    digest: now.ring.digest,
    policy: now.policy.placement,
    points: now.ring.size,
    ...changesShape(delta?.changes ?? []),
    ...(movement && before ? { movement: movementShape(movement, before, now) } : {}),
  };
}

/** The last answer of each ring, encoded once for all who ask. */
class EncodedRings {
  readonly #bodies = new WeakMap<ServiceRing, Map<boolean, Buffer>>();

  body(service: string, ring: ServiceRing, isCompact: boolean): Buffer {
    const held = this.#bodies.get(ring) ?? new Map<boolean, Buffer>();
    this.#bodies.set(ring, held);
    const body =
      held.get(isCompact) ??
      Buffer.from(
        `${JSON.stringify({ ...(isCompact ? compactShape : ringShape)(service, ring), isFull: true })}\n`,
      );
    held.set(isCompact, body);
    return body;
  }
}
