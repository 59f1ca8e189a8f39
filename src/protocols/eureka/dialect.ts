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
import { InstanceIds } from './instance-ids.ts';
import { lookupRoutes } from './lookups.ts';
import { empty } from './negotiation.ts';
import { PeerSender } from './peer-sender.ts';
import { Peer } from './peer.ts';
import { RecentChanges } from './recent-changes.ts';
import { registrationRoutes, Registrations } from './registrations.ts';
import { replicationRoutes } from './replication.ts';
import { serverRoutes } from './server-pages.ts';

export interface EurekaOptions {
  /** Stamps registrations and heartbeats. */
  readonly clock: Clock;
  /** Whether leases run for twice their duration, as Netflix's do; default false. */
  readonly doubleLease?: boolean;
  /** Eureka servers that are told what is registered here, by their base URLs; default none. */
  readonly replicateTo?: readonly string[];
  /** Told of every change that was sent to a peer, with the status 0 where there was no answer. */
  readonly onReplicated?: (peer: string, action: string, statusCode: number) => void;
  /** Where this node serves HTTP, once it does. */
  readonly httpPort?: () => number;
}

export interface EurekaDialect extends Dialect {
  /** Whoever starts the node lets each of them send again and again. */
  readonly peerSenders: readonly PeerSender[];
}

/** Where clients look for Eureka; the first base is the documented one, and all serve the same. */
const BASES = ['/eureka', '/eureka/v2', '/eureka/v1', '/v2'] as const;

/** Eureka's REST API over the catalog. */
export function createEurekaDialect(registry: Registry, options: EurekaOptions): EurekaDialect {
  const { clock, doubleLease = false, replicateTo = [], onReplicated, httpPort = () => 0 } = options;
  const heartbeats = new HeartbeatTimes(registry);
  const ids = new InstanceIds(registry);
  const changes = new RecentChanges(registry, clock);
  if (replicateTo.length > 0) changes.begin();
  const registrations = new Registrations({
    registry,
    heartbeats,
    ids,
    clock,
    forwards: replicateTo.length > 0,
    lease: { durations: doubleLease ? 2 : 1 },
  });
  const adopt: Registrations['adopt'] = (told, value) => registrations.adopt(told, value);
  const peerSenders = replicateTo.map((address) => {
    const peer = new Peer(address);
    return new PeerSender({ peer, registry, changes, clock, adopt, onAnswered: onReplicated });
  });
  const operations = [
    ...lookupRoutes({ registry, heartbeats, changes, ids }),
    ...registrationRoutes(registrations),
    ...replicationRoutes({ registrations, clock }),
    ...serverRoutes({ registry, changes, clock, httpPort, peers: peerSenders }),
  ];
  return {
    peerSenders,
    name: 'eureka',
    prefixes: ['/eureka', '/v2'],
    routes: operations.map((route) => following(route, changes)).flatMap(underEveryBase),
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

/** The route, from whose first request on changes are followed. */
function following(route: Route, changes: RecentChanges): Route {
  const handle: Route['handle'] = (request) => {
    changes.begin();
    return route.handle(request);
  };
  return { ...route, handle };
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
