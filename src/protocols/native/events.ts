import { worstStatus, type InstanceView, type Revision } from '../../core/index.ts';
import type { Route } from '../../http/index.ts';
import type { Clock } from '../../platform/clock.ts';
import type { Registry, ServiceNews } from '../../registry/index.ts';
import { EventChannels } from './event-channels.ts';
import { locatedShape } from './ring-shapes.ts';

/** The instances of a service as server-sent events. */
export function eventRoutes(registry: Registry, clock: Clock): Route[] {
  const kind = {
    open: (service: string) => registry.serviceFeed(service),
    isFull: ({ isFull }: ServiceNews) => isFull,
    eventOf,
  };
  const channels = new EventChannels<ServiceNews>({ registry, clock, kind });
  return [
    {
      method: 'GET',
      path: '/api/v1/services/{service}/watch',
      handle: (request) => channels.subscribe(request),
    },
  ];
}

function eventOf(
  service: string,
  known: Revision | undefined,
  { revision, isFull, changed, removed }: ServiceNews,
) {
  const instances = changed.map(instanceShape);
  if (isFull) return { event: 'service', data: { service, revision, isFull, instances } };
  const gone = removed.map(({ node, id }) => ({ node, id }));
  return {
    event: 'change',
    data: { service, since: known, revision, isFull, instances, removed: gone },
  };
}

function instanceShape({ instance, node, checks }: InstanceView) {
  const { tags, meta = {}, weights } = instance;
  const own = checks.map(({ id, status }) => ({ id, status }));
  return {
    ...locatedShape({ instance, node }),
    status: worstStatus(checks),
    tags,
    meta,
    weights,
    checks: own,
  };
}
