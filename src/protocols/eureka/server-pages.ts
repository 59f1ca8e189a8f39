import { isIPv6 } from 'node:net';
import { availableParallelism, freemem } from 'node:os';
import type { Route, RouteRequest, RouteResponse } from '../../http/index.ts';
import type { Clock } from '../../platform/clock.ts';
import type { Registry } from '../../registry/index.ts';
import { infoOf, isListed } from './catalog-mapping.ts';
import {
  DEFAULT_DURATION_SECONDS,
  DEFAULT_RENEWAL_INTERVAL_SECONDS,
  type InstanceInfo,
} from './instance-info.ts';
import { instanceObject } from './json-writer.ts';
import { empty, readableText } from './negotiation.ts';
import type { RecentChanges, RecentEvent } from './recent-changes.ts';
import { escapeText } from './xml-text.ts';

interface Deps {
  readonly registry: Registry;
  readonly changes: RecentChanges;
  readonly clock: Clock;
  readonly httpPort: () => number;
  /** Servers that are told of changes; `isAvailable` is undefined before they were asked. */
  readonly peers: readonly { readonly name: string; readonly isAvailable: boolean | undefined }[];
}

/** What Eureka servers say about themselves. */
export function serverRoutes(deps: Deps): Route[] {
  const { registry, changes, clock } = deps;
  const startedAt = clock.now();
  return [
    {
      method: 'GET',
      path: '/status',
      handle: (request) => json(request, statusOf(deps, startedAt)),
    },
    {
      method: 'GET',
      path: '/lastn',
      handle: (request) => typed(request, 'text/html; charset=utf-8', lastPage(changes)),
    },
    {
      method: 'GET',
      path: '/serverinfo/statusoverrides',
      handle: (request) => json(request, overridesOf(registry)),
    },
    // Compat(eureka): auto scaling groups are for Eureka on Amazon only, and refused elsewhere.
    {
      method: 'PUT',
      path: '/asg/{name}/status',
      isOff: true,
      handle: (request) => empty(request, 400),
    },
  ];
}

function statusOf({ registry, clock, httpPort, peers }: Deps, startedAt: number): object {
  const now = clock.now();
  const replicas = (picked: typeof peers) => picked.map(({ name }) => `${name}/,`).join('');
  const usedBytes = process.memoryUsage().rss;
  const totalBytes = usedBytes + freemem();
  const percent = Math.round((100 * usedBytes) / totalBytes);
  return {
    generalStats: {
      environment: registry.identity.datacenter,
      'num-of-cpus': String(availableParallelism()),
      'total-avail-memory': megabytes(totalBytes),
      'current-memory-usage': `${megabytes(usedBytes)} (${String(percent)}%)`,
      'server-uptime': uptime(now - startedAt),
      ...protectionOf(registry),
    },
    // Rollcall's nodes share one store: only servers that are replicated to are named.
    applicationStats: {
      'registered-replicas': replicas(peers),
      'available-replicas': replicas(peers.filter(({ isAvailable }) => isAvailable === true)),
      'unavailable-replicas': replicas(peers.filter(({ isAvailable }) => isAvailable !== true)),
    },
    instanceInfo: {
      ...instanceObject(ownInfo(registry, httpPort(), startedAt)),
      isCoordinatingDiscoveryServer: 'true',
    },
    healthy: registry.ready && registry.status().storeAvailable,
  };
}

/** Self-preservation, which holds for all nodes of the registry. */
function protectionOf({ protection }: Registry): Readonly<Record<string, string>> {
  const { enabled, active, reason, leases, held, budget, windowMs } = protection.status();
  return {
    'self-preservation': active ? `active: ${reason}` : enabled ? 'inactive' : 'off',
    leases: String(leases),
    'leases-held': String(held),
    'eviction-budget': `${String(budget)} in ${String(windowMs / 1000)}s`,
  };
}

function ownInfo({ identity }: Registry, port: number, startedAt: number): InstanceInfo {
  const host = isIPv6(identity.address) ? `[${identity.address}]` : identity.address;
  const url = `http://${host}:${String(port)}/`;
  return {
    instanceId: identity.nodeName,
    hostName: identity.address,
    app: 'ROLLCALL',
    ipAddr: identity.address,
    status: 'UP',
    ownStatus: 'UP',
    overriddenStatus: 'UNKNOWN',
    replicated: false,
    port: { number: port, enabled: true },
    securePort: { number: 443, enabled: false },
    countryId: 1,
    dataCenter: { name: 'MyOwn' },
    renewalIntervalSeconds: DEFAULT_RENEWAL_INTERVAL_SECONDS,
    durationSeconds: DEFAULT_DURATION_SECONDS,
    registeredAt: startedAt,
    lastRenewedAt: startedAt,
    serviceUpAt: startedAt,
    metadata: { version: identity.version },
    texts: {
      homePageUrl: url,
      statusPageUrl: `${url}eureka/status`,
      healthCheckUrl: `${url}readyz`,
      vipAddress: 'rollcall',
    },
    lastUpdatedAt: startedAt,
    lastDirtyAt: startedAt,
    actionType: 'ADDED',
  };
}

/** Statuses set from outside, by instance id. */
function overridesOf({ state }: Registry): object {
  const overridden = [...state.instances.values()].flatMap((instance) => {
    const info = isListed(instance) ? infoOf(state, instance, undefined) : undefined;
    return info === undefined || info.overriddenStatus === 'UNKNOWN' ? [] : [info];
  });
  return Object.fromEntries(overridden.map((info) => [info.instanceId, info.overriddenStatus]));
}

function lastPage(changes: RecentChanges): string {
  const { registered, cancelled } = changes.events();
  return (
    '<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8"><title>Last changes</title></head><body>\n' +
    table('cancelled', 'Last 1000 cancelled leases', cancelled) +
    table('registered', 'Last 1000 newly registered leases', registered) +
    '</body></html>\n'
  );
}

function table(id: string, title: string, events: readonly RecentEvent[]): string {
  const rows = events.map(
    ({ at, instance }) => `<tr><td>${String(at)}</td><td>${escapeText(instance)}</td></tr>\n`,
  );
  return `<h1>${title}</h1>\n<table id="${id}">\n<tr><th>Timestamp</th><th>Lease</th></tr>\n${rows.join('')}</table>\n`;
}

function json(request: RouteRequest, value: object): Promise<RouteResponse> {
  return typed(request, 'application/json', JSON.stringify(value));
}

/** An answer of one type only, whatever the request accepts. */
async function typed(request: RouteRequest, type: string, text: string): Promise<RouteResponse> {
  const answer = await readableText(request, text);
  return { ...answer, headers: { ...answer.headers, 'Content-Type': type } };
}

function megabytes(bytes: number): string {
  return `${String(Math.round(bytes / (1024 * 1024)))}mb`;
}

/** Hours and minutes, after days where there are any. */
function uptime(ms: number): string {
  const minutes = Math.floor(ms / 60_000);
  const days = Math.floor(minutes / 1440);
  const pad = (part: number) => String(part).padStart(2, '0');
  const time = `${pad(Math.floor(minutes / 60) % 24)}:${pad(minutes % 60)}`;
  return days === 0 ? time : `${String(days)} days ${time}`;
}
