import type { Dialect, Method, Route, RouteRequest, RouteResponse } from '../../http/index.ts';
import type { Registry } from '../../registry/index.ts';
import { agentCheckRoutes } from './agent-checks.ts';
import { agentSelfRoutes } from './agent-self.ts';
import { agentServiceRoutes } from './agent-services.ts';
import { emptyAnswer, plainText } from './answers.ts';
import { catalogRoutes } from './catalog.ts';
import { catalogWriteRoutes } from './catalog-write.ts';
import type { ConsulOptions } from './context.ts';
import { badRequest, failureOf } from './errors.ts';
import { healthRoutes } from './health.ts';
import { kvRoutes } from './kv.ts';
import { Reader } from './reader.ts';
import { statusRoutes } from './status.ts';

export { decodeServiceFile } from './service-file.ts';

/** Consul's HTTP API, spelled as Consul spells it. */
export function createConsulDialect(registry: Registry, options: ConsulOptions): Dialect {
  const context = { registry, options, reader: new Reader(registry, options.random) };
  const routes = [
    ...agentServiceRoutes(context),
    ...agentCheckRoutes(context),
    ...agentSelfRoutes(context),
    ...catalogRoutes(context),
    ...catalogWriteRoutes(context),
    ...healthRoutes(context),
    ...kvRoutes(context),
    ...statusRoutes(context),
  ];
  return {
    name: 'consul',
    prefixes: ['/v1'],
    routes: routes.map(guarded),
    ignoreTrailingSlash: false,
    uncleanPath: 'redirect',
    headAsGet: false,
    notFound: ({ path }) =>
      plainText(
        404,
        path.includes('/v1/')
          ? 'Invalid URL path: not a recognized HTTP API endpoint\n'
          : "Invalid URL path: if attempting to use the HTTP API, ensure the path starts with '/v1/'\n",
      ),
    methodNotAllowed: ({ method }, allowed) =>
      plainText(405, `method ${method} not allowed`, { Allow: allowHeader(allowed) }),
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
  const handle = (request: RouteRequest): Promise<RouteResponse> | RouteResponse => {
    if (hasUnprintable(request.path)) return emptyAnswer(400);
    if (knowsNamespaces) refuseEnterprise(request, 'ns', 'X-Consul-Namespace', 'Namespaces');
    refuseEnterprise(request, 'partition', 'X-Consul-Partition', 'Partitions');
    return route.handle(request);
  };
  return { ...route, handle };
}

function refuseEnterprise(
  { query, headers }: RouteRequest,
  parameter: string,
  header: string,
  feature: string,
): void {
  const refusal = (where: string) =>
    badRequest(`Invalid ${where} - ${feature} are a Consul Enterprise feature`);
  if ((query.get(parameter) ?? '') !== '') throw refusal(`query parameter: "${parameter}"`);
  if ((headers[header.toLowerCase()] ?? '') !== '') throw refusal(`header: "${header}"`);
}

/** Whether a decoded path has what Go does not print; sent as it is, a path is ASCII. */
function hasUnprintable(path: string): boolean {
  return path.includes('%') && /[^\p{L}\p{M}\p{N}\p{P}\p{S} ]/u.test(decodeURIComponent(path));
}
