import type { Registry } from '../../registry/index.ts';
import type { Dialect, Method, RouteRequest, RouteResponse } from '../../http/index.ts';
import { systemClock } from '../../platform/clock.ts';
import { clusterRoutes } from './cluster.ts';
import { problem, problemOf } from './errors.ts';
import { eventRoutes } from './events.ts';
import { redisRoutes } from './redis.ts';
import { renewalRoutes } from './renewals.ts';
import { ringLeaseRoutes } from './ring-leases.ts';
import { ringLookupRoutes } from './ring-lookup.ts';
import { ringPolicyRoutes } from './ring-policy.ts';
import { ringPreviewRoutes } from './ring-preview.ts';
import { ringWatchRoutes } from './ring-watch.ts';
import { ringRoutes } from './rings.ts';
import { statusRoutes } from './status.ts';

/** Rollcall's own API, for what no other dialect has; errors are RFC 9457 problem documents. */
export function createNativeDialect(registry: Registry): Dialect {
  return {
    name: 'native',
    prefixes: ['/api'],
    routes: [
      ...ringRoutes(registry),
      ...ringPolicyRoutes(registry),
      ...ringLookupRoutes(registry),
      ...ringLeaseRoutes(registry),
      ...ringPreviewRoutes(registry),
      ...ringWatchRoutes(registry, systemClock),
      ...eventRoutes(registry, systemClock),
      ...renewalRoutes(registry),
      ...redisRoutes(registry),
      ...statusRoutes(registry),
      ...clusterRoutes(registry),
    ],
    ignoreTrailingSlash: false,
    uncleanPath: 'collapse',
    headAsGet: true,
    notFound: (request: RouteRequest) => problem('route_not_found', undefined, request.path),
    methodNotAllowed: (request: RouteRequest, allowed: readonly Method[]) =>
      withAllow(problem('method_not_allowed', undefined, request.path), allowed),
    options: (allowed: readonly Method[]) => withAllow({ status: 204 }, allowed),
    failure: problemOf,
  };
}

function withAllow(response: RouteResponse, allowed: readonly Method[]): RouteResponse {
  return { ...response, headers: { ...response.headers, Allow: ['OPTIONS', ...allowed].join(', ') } };
}
