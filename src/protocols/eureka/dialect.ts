import { ERROR_CODES, RollcallError } from '../../core/index.ts';
import {
  BodyTooLargeError,
  BodyUnreadableError,
  type Dialect,
  type Method,
  type Route,
  type RouteRequest,
  type RouteResponse,
} from '../../http/index.ts';
import type { Clock } from '../../platform/clock.ts';
import type { Registry } from '../../registry/index.ts';
import { HeartbeatTimes } from './heartbeat-times.ts';
import { lookupRoutes } from './lookups.ts';
import { empty } from './negotiation.ts';
import { RecentChanges } from './recent-changes.ts';
import { registrationRoutes, Registrations } from './registrations.ts';
import { replicationRoutes } from './replication.ts';
import { serverRoutes } from './server-pages.ts';

export interface EurekaOptions {
  /** Stamps registrations and heartbeats. */
  readonly clock: Clock;
}

/** Where clients look for Eureka; the first base is the documented one, and all serve the same. */
const BASES = ['/eureka', '/eureka/v2', '/eureka/v1', '/v2'] as const;

/** Eureka's REST API over the catalog. */
export function createEurekaDialect(registry: Registry, { clock }: EurekaOptions): Dialect {
  const heartbeats = new HeartbeatTimes(registry);
  const changes = new RecentChanges(registry, clock);
  const registrations = new Registrations({ registry, heartbeats, clock });
  const operations = [
    ...lookupRoutes({ registry, heartbeats, changes }),
    ...registrationRoutes(registrations),
    ...replicationRoutes({ registrations, clock }),
    ...serverRoutes({ registry, changes, clock }),
  ];
  return {
    name: 'eureka',
    prefixes: ['/eureka', '/v2'],
    routes: operations.flatMap(underEveryBase),
    ignoreTrailingSlash: true,
    uncleanPath: 'collapse',
    headAsGet: true,
    variesBy: ['accept', 'accept-encoding', 'x-eureka-accept'],
    notFound: (request: RouteRequest) => empty(request, 404),
    methodNotAllowed: (request: RouteRequest, allowed: readonly Method[]) =>
      withAllow(empty(request, 405), allowed),
    options: (allowed: readonly Method[]) => withAllow({ status: 204 }, allowed),
    failure,
  };
}

function underEveryBase(operation: Route): Route[] {
  const [documented, ...others] = BASES;
  const path = `${documented}${operation.path}`;
  const aliases = others.map((base) => ({ ...operation, path: `${base}${operation.path}`, aliasOf: path }));
  return [{ ...operation, path }, ...aliases];
}

function withAllow(response: RouteResponse, allowed: readonly Method[]): RouteResponse {
  const heads = allowed.includes('GET') ? ['HEAD'] : [];
  return {
    ...response,
    headers: { ...response.headers, Allow: ['OPTIONS', ...heads, ...allowed].join(',') },
  };
}

/** Eureka's clients read the status alone; what the registry could not do is said in plain text. */
function failure(error: unknown, request: RouteRequest): RouteResponse {
  if (error instanceof BodyTooLargeError) return explained(413, error.message);
  if (error instanceof BodyUnreadableError || error instanceof URIError) return explained(400, error.message);
  if (!(error instanceof RollcallError)) return explained(500, ERROR_CODES.internal.title);
  const { status } = ERROR_CODES[error.code];
  if (status === 400 || status === 413) return explained(status, error.message);
  if (status === 404 || error.code === 'check_not_renewable') return empty(request, 404);
  // Another of the client's servers may do better.
  return explained(503, error.message);
}

function explained(status: number, text: string): RouteResponse {
  return { status, headers: { 'Content-Type': 'text/plain' }, body: text };
}
