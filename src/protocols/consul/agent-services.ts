import { instanceKey, nodeQuery, type Instance } from '../../core/index.ts';
import type { Route, RouteResponse } from '../../http/index.ts';
import { agentServiceRoute } from './agent-service.ts';
import { emptyAnswer, isPretty, jsonAnswer } from './answers.ts';
import { get, put, register, type ConsulContext } from './context.ts';
import { ConsulError, respelled, unlessMissing } from './errors.ts';
import { NODE_SERVICE_SCHEMA } from './filter-schemas.ts';
import { decodeBody } from './go-decode.ts';
import { serviceDefinition, serviceRegistration } from './service-definition.ts';
import { agentServiceShape } from './shapes.ts';
import { isSidecar, sidecarId, sidecarRegistration } from './sidecar.ts';

/** Services of the logical agent: whatever registered itself through this API. */
export function agentServiceRoutes(context: ConsulContext): Route[] {
  const { registry, reader, options } = context;
  const { identity, catalog } = registry;
  const { agentName, datacenter } = identity;
  return [
    register('/v1/agent/service/register', async ({ body, query }) => {
      const replaceChecks = ['', 'true'].includes(query.get('replace-existing-checks') ?? 'false');
      const definition = decodeBody(body, serviceDefinition);
      const registration = serviceRegistration(definition, identity, options, replaceChecks);
      const sidecar = sidecarRegistration(definition, identity, options);
      await catalog.register(registration);
      if (sidecar !== undefined)
        await catalog.registerFrom((state) => ({ ...sidecar(state), replaceChecks }));
      return emptyAnswer();
    }),
    put('/v1/agent/service/deregister/{service_id+}', ({ params }) =>
      deregister(context, params['service_id'] ?? ''),
    ),
    get('/v1/agent/services', (request) =>
      reader.agent(request, {
        query: nodeQuery(agentName),
        schema: NODE_SERVICE_SCHEMA,
        encode: (node, _state, passes) => {
          const services = (node?.instances ?? []).filter(isAgentOwned);
          const shown = services.map((each) => [each.id, agentServiceShape(each, datacenter)] as const);
          return jsonAnswer(new Map(shown.filter(([, each]) => passes(each))), isPretty(request));
        },
      }),
    ),
    agentServiceRoute(context),
  ];
}

/** Removes a service, and the sidecar that was registered with it. */
async function deregister({ registry }: ConsulContext, id: string): Promise<RouteResponse> {
  const { catalog, identity } = registry;
  const { agentName } = identity;
  await respelled(catalog.deregisterInstance(agentName, id), {
    instance_not_found: () => unknownService(id),
  });
  const sidecar = sidecarId(id);
  if (isSidecar(registry.state.instances.get(instanceKey(agentName, sidecar))))
    await unlessMissing(catalog.deregisterInstance(agentName, sidecar), 'instance_not_found');
  return emptyAnswer();
}

export function unknownService(id: string): ConsulError {
  return new ConsulError(
    404,
    `Unknown service ID ${JSON.stringify(id)}. Ensure that the service ID is passed, not the service name.`,
  );
}

/** Compat(consul): the registry's own service is in the catalog, and no service of the agent. */
export function isAgentOwned({ id }: Instance): boolean {
  return id !== 'consul';
}
