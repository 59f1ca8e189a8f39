import type { Revision } from '../../core/index.ts';
import type { Route } from '../../http/index.ts';
import type { Clock } from '../../platform/clock.ts';
import type { Registry, RingNews } from '../../registry/index.ts';
import { EventChannels } from './event-channels.ts';
import { changesShape, ringShape } from './ring-shapes.ts';

/** The ring of a service as server-sent events. */
export function ringWatchRoutes(registry: Registry, clock: Clock): Route[] {
  const kind = {
    open: (service: string) => registry.ringFeed(service),
    isFull: ({ delta }: RingNews) => delta === undefined,
    eventOf,
  };
  const channels = new EventChannels<RingNews>({ registry, clock, kind });
  return [
    {
      method: 'GET',
      path: '/api/v1/services/{service}/ring/watch',
      handle: (request) => {
        registry.rings.of(request.params['service'] ?? '');
        return channels.subscribe(request);
      },
    },
  ];
}

function eventOf(service: string, known: Revision | undefined, { ring, delta }: RingNews) {
  if (delta === undefined) return { event: 'ring', data: { ...ringShape(service, ring), isFull: true } };
  const data = {
    service,
    since: known,
    isFull: false,
    revision: ring.revision,
    digest: ring.ring.digest,
    policy: ring.policy.placement,
    points: ring.ring.size,
    ...changesShape(delta.changes),
  };
  return { event: 'change', data };
}
