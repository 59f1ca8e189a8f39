import {
  checksInStateQuery,
  instanceKey,
  isSelected,
  nodeChecksQuery,
  serviceChecksQuery,
  serviceQuery,
  type Check,
  type InstanceView,
  type Query,
  type State,
  type Stored,
} from '../../core/index.ts';
import type { Route, RouteRequest, RouteResponse } from '../../http/index.ts';
import { isPretty, jsonAnswer } from './answers.ts';
import { required } from './catalog.ts';
import { connectQuery, GATEWAYS_QUERY } from './connect.ts';
import { get, type ConsulContext } from './context.ts';
import { orderOf, readyForKey } from './key-order.ts';
import { badRequest } from './errors.ts';
import { CHECK_SERVICE_NODE_SCHEMA, HEALTH_CHECK_SCHEMA } from './filter-schemas.ts';
import type { Passes } from './filters.ts';
import type { GoStruct } from './go-json.ts';
import { isPassingOnly, nodeMetaOf, selectionOf, type ReadParameters } from './read-parameters.ts';
import { checkShape, nodeServiceShape, nodeShape } from './shapes.ts';

/** Lookups by health. */
export function healthRoutes(context: ConsulContext): Route[] {
  const { reader } = context;
  return [
    get('/v1/health/node/{node+}', (request) => {
      const parameters = reader.parameters(request);
      const node = required(request.params['node'], 'Missing node name');
      return checks(context, request, parameters, nodeChecksQuery(node));
    }),
    get('/v1/health/checks/{service+}', (request) => {
      const parameters = reader.parameters(request);
      const service = required(request.params['service'], 'Missing service name');
      return checks(context, request, parameters, serviceChecksQuery(service, nodeMetaOf(request.query)));
    }),
    get('/v1/health/state/{state+}', (request) => {
      const parameters = reader.parameters(request);
      const status = required(request.params['state'], 'Missing check state');
      return checks(context, request, parameters, checksInStateQuery(status, nodeMetaOf(request.query)));
    }),
    get('/v1/health/service/{service+}', (request) => instances(context, request, serviceQuery)),
    get('/v1/health/connect/{service+}', (request) =>
      instances(context, request, (service) => connectQuery(service, true)),
    ),
    get('/v1/health/ingress/{service+}', (request) => instances(context, request, () => GATEWAYS_QUERY)),
  ];
}

async function instances(
  { registry, reader }: ConsulContext,
  request: RouteRequest,
  queryOf: (service: string) => Query<readonly InstanceView[]>,
): Promise<RouteResponse> {
  const { query, params } = request;
  const parameters = reader.parameters(request);
  if (query.has('peer') && (query.has('sg') || query.has('sameness-group')))
    throw badRequest('peer-name and sameness-group are mutually exclusive');
  const service = required(params['service'], 'Missing service name');
  const selection = selectionOf(query, isPassingOnly(query));
  const key = queryOf === serviceQuery ? query.get('hash') : null;
  await readyForKey(registry, key, service);
  return reader.catalog(request, parameters, {
    ...orderOf(registry, key, service, queryOf(service)),
    schema: CHECK_SERVICE_NODE_SCHEMA,
    cacheable: true,
    encode: (views, _state, passes) => {
      const selected = views.filter((view) => isSelected(view, selection));
      const shown = selected.map((view) => checkServiceNodeShape(view, registry.identity.datacenter));
      return jsonAnswer(shown.filter(passes), isPretty(request));
    },
  });
}

function checks(
  { reader }: ConsulContext,
  request: RouteRequest,
  parameters: ReadParameters,
  query: Query<readonly Stored<Check>[]>,
) {
  const encode = (found: readonly Stored<Check>[], state: State, passes: Passes) => {
    const shown = found.map((check) =>
      checkShape(check, state.instances.get(instanceKey(check.node, check.instanceId))),
    );
    return jsonAnswer(shown.filter(passes), isPretty(request));
  };
  return reader.catalog(request, parameters, {
    query,
    schema: HEALTH_CHECK_SCHEMA,
    sorted: (found, by) => by(found, ({ node }) => node),
    encode,
  });
}

/** One entry of `health/service`: an instance with its node and all checks that concern it. */
export function checkServiceNodeShape(
  { node, instance, checks: concerning }: InstanceView,
  datacenter: string,
): GoStruct {
  return {
    Node: nodeShape(node, datacenter),
    Service: nodeServiceShape(instance),
    Checks: concerning.map((check) => checkShape(check, check.instanceId === '' ? undefined : instance)),
  };
}
