import {
  allInstancesQuery,
  findNodeName,
  instancesQuery,
  isSelected,
  nodeQuery,
  nodesQuery,
  serviceNamesOf,
  serviceNamesQuery,
  type NodeView,
} from '../../core/index.ts';
import type { Route, RouteRequest, RouteResponse } from '../../http/index.ts';
import { isPretty, jsonAnswer } from './answers.ts';
import { connectQuery, GATEWAYS_QUERY } from './connect.ts';
import { get, type ConsulContext } from './context.ts';
import { orderOf, readyForKey } from './key-order.ts';
import { badRequest } from './errors.ts';
import { NODE_SCHEMA, NODE_SERVICE_SCHEMA, SERVICE_NODE_SCHEMA } from './filter-schemas.ts';
import type { Passes } from './filters.ts';
import type { GoStruct } from './go-json.ts';
import { nodeMetaOf, selectionOf } from './read-parameters.ts';
import { nodeServiceShape, nodeShape, serviceNodeShape } from './shapes.ts';

/** Lookups in the catalog: nodes and services, whatever their health. */
export function catalogRoutes(context: ConsulContext): Route[] {
  const { registry, reader } = context;
  const { datacenter } = registry.identity;
  return [
    get('/v1/catalog/datacenters', (request) =>
      reader.fixed(request, jsonAnswer([datacenter], isPretty(request))),
    ),
    get('/v1/catalog/nodes', (request) =>
      reader.catalog(request, reader.parameters(request), {
        query: nodesQuery(nodeMetaOf(request.query)),
        schema: NODE_SCHEMA,
        sorted: (nodes, by) => by(nodes, ({ name }) => name),
        encode: (nodes, _state, passes) =>
          jsonAnswer(nodes.map((node) => nodeShape(node, datacenter)).filter(passes), isPretty(request)),
      }),
    ),
    get('/v1/catalog/services', (request) => services(context, request)),
    get('/v1/catalog/service/{service+}', (request) => instances(context, request, false)),
    get('/v1/catalog/connect/{service+}', (request) => instances(context, request, true)),
    get('/v1/catalog/gateway-services/{gateway+}', (request) => {
      const parameters = reader.parameters(request);
      required(request.params['gateway'], 'Missing gateway name');
      return reader.catalog(request, parameters, {
        query: GATEWAYS_QUERY,
        encode: (found) => jsonAnswer(found, isPretty(request)),
      });
    }),
    get('/v1/catalog/node/{node+}', (request) =>
      ofNode(context, request, (view, passes) => {
        if (view === undefined) return null;
        const shown = view.instances.map((each) => [each.id, nodeServiceShape(each)] as const);
        const passed = new Map(shown.filter(([, service]) => passes(service)));
        return { Node: nodeShape(view.node, datacenter), Services: passed };
      }),
    ),
    get('/v1/catalog/node-services/{node+}', (request) =>
      ofNode(context, request, (view, passes) => {
        if (view === undefined) return { Node: null, Services: null };
        const passed = view.instances.map(nodeServiceShape).filter(passes);
        // Compat(consul): a node without services has null here, and {} in catalog/node.
        const shown = view.instances.length === 0 ? null : passed;
        return { Node: nodeShape(view.node, datacenter), Services: shown };
      }),
    ),
  ];
}

/** Returns a path parameter; throws where it is empty. */
export function required(value: string | undefined, refusal: string): string {
  if (value === undefined || value === '') throw badRequest(refusal);
  return value;
}

function services({ registry, reader }: ConsulContext, request: RouteRequest): Promise<RouteResponse> {
  const { datacenter } = registry.identity;
  const parameters = reader.parameters(request);
  const nodeMeta = nodeMetaOf(request.query);
  if ((request.query.get('filter') ?? '') === '') {
    return reader.catalog(request, parameters, {
      query: serviceNamesQuery(nodeMeta),
      cacheable: true,
      encode: (names) => jsonAnswer(names, isPretty(request)),
    });
  }
  return reader.catalog(request, parameters, {
    query: allInstancesQuery(nodeMeta),
    schema: SERVICE_NODE_SCHEMA,
    cacheable: true,
    encode: (views, _state, passes) => {
      const passed = views.filter((view) => passes(serviceNodeShape(view, datacenter)));
      return jsonAnswer(serviceNamesOf(passed.map(({ instance }) => instance)), isPretty(request));
    },
  });
}

async function instances(
  { registry, reader }: ConsulContext,
  request: RouteRequest,
  isConnect: boolean,
): Promise<RouteResponse> {
  const { datacenter } = registry.identity;
  const parameters = reader.parameters(request);
  const service = required(request.params['service'], 'Missing service name');
  const selection = selectionOf(request.query, false);
  const key = isConnect ? null : request.query.get('hash');
  await readyForKey(registry, key, service);
  return reader.catalog(request, parameters, {
    ...orderOf(registry, key, service, isConnect ? connectQuery(service, false) : instancesQuery(service)),
    schema: SERVICE_NODE_SCHEMA,
    cacheable: true,
    encode: (views, _state, passes) => {
      const selected = views.filter((view) => isSelected(view, selection));
      const shown = selected.map((view) => serviceNodeShape(view, datacenter));
      return jsonAnswer(shown.filter(passes), isPretty(request));
    },
  });
}

function ofNode(
  { registry, reader }: ConsulContext,
  request: RouteRequest,
  shape: (view: NodeView | undefined, passes: Passes) => GoStruct | null,
) {
  const parameters = reader.parameters(request);
  const reference = required(request.params['node'], 'Missing node name');
  return reader.catalog(request, parameters, {
    query: nodeQuery(findNodeName(registry.state, reference) ?? reference),
    schema: NODE_SERVICE_SCHEMA,
    encode: (view, _state, passes) => jsonAnswer(shape(view, passes), isPretty(request)),
  });
}
