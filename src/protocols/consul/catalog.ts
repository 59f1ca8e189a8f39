import {
  findNodeName,
  instancesQuery,
  isSelected,
  nodeQuery,
  nodesQuery,
  serviceNamesQuery,
  type NodeView,
} from '../../core/index.ts';
import type { Route, RouteRequest } from '../../http/index.ts';
import { isPretty, jsonAnswer } from './answers.ts';
import { get, type ConsulContext } from './context.ts';
import { badRequest } from './errors.ts';
import type { GoStruct } from './go-json.ts';
import { nodeMetaOf, selectionOf } from './read-parameters.ts';
import { nodeServiceShape, nodeShape, serviceNodeShape } from './shapes.ts';

/** Lookups in the catalog: nodes and services, whatever their health. */
export function catalogRoutes(context: ConsulContext): Route[] {
  const { registry, reader } = context;
  const { datacenter } = registry.identity;
  return [
    get('/v1/catalog/datacenters', (request) => jsonAnswer([datacenter], isPretty(request))),
    get('/v1/catalog/nodes', (request) =>
      reader.catalog(request, reader.parameters(request), {
        query: nodesQuery(nodeMetaOf(request.query)),
        encode: (nodes) =>
          jsonAnswer(
            nodes.map((node) => nodeShape(node, datacenter)),
            isPretty(request),
          ),
      }),
    ),
    get('/v1/catalog/services', (request) =>
      reader.catalog(request, reader.parameters(request), {
        query: serviceNamesQuery(nodeMetaOf(request.query)),
        encode: (names) => jsonAnswer(names, isPretty(request)),
      }),
    ),
    get('/v1/catalog/service/{service+}', (request) => {
      const parameters = reader.parameters(request);
      const service = required(request.params['service'], 'Missing service name');
      const selection = selectionOf(request.query, false);
      return reader.catalog(request, parameters, {
        query: instancesQuery(service),
        encode: (views) => {
          const selected = views.filter((view) => isSelected(view, selection));
          return jsonAnswer(
            selected.map((view) => serviceNodeShape(view, datacenter)),
            isPretty(request),
          );
        },
      });
    }),
    get('/v1/catalog/node/{node+}', (request) =>
      ofNode(context, request, (view) => {
        if (view === undefined) return null;
        const services = new Map(view.instances.map((each) => [each.id, nodeServiceShape(each)] as const));
        return { Node: nodeShape(view.node, datacenter), Services: services };
      }),
    ),
    get('/v1/catalog/node-services/{node+}', (request) =>
      ofNode(context, request, (view) => {
        if (view === undefined) return { Node: null, Services: null };
        // Compat(consul): a node without services has null here, and {} in catalog/node.
        const services = view.instances.length === 0 ? null : view.instances.map(nodeServiceShape);
        return { Node: nodeShape(view.node, datacenter), Services: services };
      }),
    ),
  ];
}

/** Returns a path parameter; throws where it is empty. */
export function required(value: string | undefined, refusal: string): string {
  if (value === undefined || value === '') throw badRequest(refusal);
  return value;
}

function ofNode(
  { registry, reader }: ConsulContext,
  request: RouteRequest,
  shape: (view: NodeView | undefined) => GoStruct | null,
) {
  const parameters = reader.parameters(request);
  const reference = required(request.params['node'], 'Missing node name');
  return reader.catalog(request, parameters, {
    query: nodeQuery(findNodeName(registry.state, reference) ?? reference),
    encode: (view) => jsonAnswer(shape(view), isPretty(request)),
  });
}
