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
import type { Route, RouteRequest } from '../../http/index.ts';
import { isPretty, jsonAnswer } from './answers.ts';
import { required } from './catalog.ts';
import { get, type ConsulContext } from './context.ts';
import { badRequest } from './errors.ts';
import type { GoStruct } from './go-json.ts';
import { isPassingOnly, nodeMetaOf, selectionOf, type ReadParameters } from './read-parameters.ts';
import { checkShape, nodeServiceShape, nodeShape } from './shapes.ts';

/** Lookups by health. */
export function healthRoutes(context: ConsulContext): Route[] {
  const { registry, reader } = context;
  const { datacenter } = registry.identity;
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
    get('/v1/health/service/{service+}', (request) => {
      const parameters = reader.parameters(request);
      const { query, params } = request;
      if (query.has('peer') && (query.has('sg') || query.has('sameness-group'))) {
        throw badRequest('peer-name and sameness-group are mutually exclusive');
      }
      const service = required(params['service'], 'Missing service name');
      const selection = selectionOf(query, isPassingOnly(query));
      return reader.catalog(request, parameters, {
        query: serviceQuery(service),
        encode: (views) => {
          const selected = views.filter((view) => isSelected(view, selection));
          return jsonAnswer(
            selected.map((view) => checkServiceNodeShape(view, datacenter)),
            isPretty(request),
          );
        },
      });
    }),
  ];
}

function checks(
  { reader }: ConsulContext,
  request: RouteRequest,
  parameters: ReadParameters,
  query: Query<readonly Stored<Check>[]>,
) {
  const encode = (found: readonly Stored<Check>[], state: State) => {
    const shown = found.map((check) =>
      checkShape(check, state.instances.get(instanceKey(check.node, check.instanceId))),
    );
    return jsonAnswer(shown, isPretty(request));
  };
  return reader.catalog(request, parameters, { query, encode });
}

/** One entry of `health/service`: an instance with its node and all checks that concern it. */
function checkServiceNodeShape(
  { node, instance, checks: concerning }: InstanceView,
  datacenter: string,
): GoStruct {
  return {
    Node: nodeShape(node, datacenter),
    Service: nodeServiceShape(instance),
    Checks: concerning.map((check) => checkShape(check, check.instanceId === '' ? undefined : instance)),
  };
}
