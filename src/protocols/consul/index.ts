import type { Dialect, Method, Route, RouteRequest, RouteResponse } from '../../http/index.ts';
import type { Registry } from '../../registry/index.ts';
import { agentCheckRoutes } from './agent-checks.ts';
import { agentHealthRoutes } from './agent-health.ts';
import { agentHostRoutes } from './agent-host.ts';
import { agentMaintenanceRoutes } from './agent-maintenance.ts';
import { agentMetricsRoutes } from './agent-metrics.ts';
import { agentMonitorRoutes } from './agent-monitor.ts';
import { agentPoolRoutes } from './agent-pool.ts';
import { agentReloadRoutes } from './agent-reload.ts';
import { agentSelfRoutes } from './agent-self.ts';
import { agentServiceRoutes } from './agent-services.ts';
import { emptyAnswer, plainText } from './answers.ts';
import { catalogRoutes } from './catalog.ts';
import { catalogWriteRoutes } from './catalog-write.ts';
import { configEntryRoutes } from './config-entry.ts';
import { connectCaRoutes } from './connect-ca.ts';
import type { ConsulOptions } from './context.ts';
import { coordinateRoutes } from './coordinate.ts';
import { badRequest, failureOf, type ConsulError } from './errors.ts';
import { featureOffRoutes } from './features-off.ts';
import { encoded } from './gzip.ts';
import { eventRoutes } from './event.ts';
import { healthRoutes } from './health.ts';
import { kvRoutes } from './kv.ts';
import { operatorRoutes } from './operator.ts';
import { preparedQueryRoutes } from './prepared-query.ts';
import { Reader } from './reader.ts';
import { sessionRoutes } from './session.ts';
import { snapshotRoutes } from './snapshot.ts';
import { statusRoutes } from './status.ts';
import { txnRoutes } from './txn.ts';

export { SERVER_NODE_META } from './members.ts';
export { decodeServiceFile } from './service-file.ts';
export { decodeNodeMeta } from './service-meta.ts';

/** Consul's HTTP API, spelled as Consul spells it. */
export function createConsulDialect(registry: Registry, options: ConsulOptions): Dialect {
  const context = { registry, options, reader: new Reader(registry, options) };
  const routes = [
    ...agentServiceRoutes(context),
    ...agentCheckRoutes(context),
    ...agentHealthRoutes(context),
    ...agentMaintenanceRoutes(context),
    ...agentSelfRoutes(context),
    ...agentMetricsRoutes(context),
    ...agentHostRoutes(context),
    ...agentPoolRoutes(context),
    ...agentMonitorRoutes(context),
    ...connectCaRoutes(context),
    ...agentReloadRoutes(context),
    ...catalogRoutes(context),
    ...catalogWriteRoutes(context),
    ...healthRoutes(context),
    ...kvRoutes(context),
    ...sessionRoutes(context),
    ...preparedQueryRoutes(context),
    ...eventRoutes(context),
    ...txnRoutes(context),
    ...snapshotRoutes(context),
    ...statusRoutes(context),
    ...operatorRoutes(context),
    ...configEntryRoutes(context),
    ...coordinateRoutes(context),
    ...featureOffRoutes(context),
  ];
  return {
    name: 'consul',
    prefixes: ['/v1'],
    routes: routes.map(guarded),
    ignoreTrailingSlash: false,
    uncleanPath: 'redirect',
    headAsGet: false,
    variesBy: ['accept-encoding', 'cache-control', 'x-consul-namespace', 'x-consul-partition'],
    notFound: ({ path }) =>
      plainText(
        404,
        path.includes('/v1/')
          ? 'Invalid URL path: not a recognized HTTP API endpoint\n'
          : "Invalid URL path: if attempting to use the HTTP API, ensure the path starts with '/v1/'\n",
      ),
    methodNotAllowed: ({ method, path }, allowed) =>
      plainText(405, `method ${method} not allowed`, {
        // Compat(consul): below query/ a refused method is told without OPTIONS.
        Allow: path.startsWith('/v1/query/') ? allowed.join(',') : allowHeader(allowed),
      }),
    options: (allowed) => {
      const response = emptyAnswer();
      return { ...response, headers: { ...response.headers, Allow: allowHeader(allowed) } };
    },
    failure: failureOf,
  };
}

function allowHeader(allowed: readonly Method[]): string {
  return ['OPTIONS', ...allowed].join(',');
}

/** The refusals that all endpoints share, before the endpoint looks at anything. */
function guarded(route: Route): Route {
  const knowsNamespaces = route.path !== '/v1/catalog/nodes' && route.path !== '/v1/agent/members';
  const handle = (request: RouteRequest): RouteResponse | Promise<RouteResponse> => {
    if (hasUnprintable(request.path)) return emptyAnswer(400);
    if (knowsNamespaces) refuseEnterprise(request, 'ns', 'X-Consul-Namespace', 'Namespaces');
    refuseEnterprise(request, 'partition', 'X-Consul-Partition', 'Partitions');
    const answering = route.handle(request);
    return answering instanceof Promise
      ? answering.then((response) => encoded(response, request))
      : encoded(answering, request);
  };
  return { ...route, handle };
}

function refuseEnterprise(
  { query, headers }: RouteRequest,
  parameter: string,
  header: string,
  feature: string,
): void {
  if ((query.get(parameter) ?? '') !== '') throw enterpriseOnly(`query parameter: "${parameter}"`, feature);
  if ((headers[header.toLowerCase()] ?? '') !== '') throw enterpriseOnly(`header: "${header}"`, feature);
}

function enterpriseOnly(where: string, feature: string): ConsulError {
  return badRequest(`Invalid ${where} - ${feature} are a Consul Enterprise feature`);
}

/** Whether a decoded path has what Go does not print; sent as it is, a path is ASCII. */
function hasUnprintable(path: string): boolean {
  return path.includes('%') && /[^\p{L}\p{M}\p{N}\p{P}\p{S} ]/u.test(decodeURIComponent(path));
}
