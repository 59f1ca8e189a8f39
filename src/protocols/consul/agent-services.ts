import { instanceQuery, nodeQuery, type Instance } from '../../core/index.ts';
import type { Route } from '../../http/index.ts';
import { emptyAnswer, isPretty, jsonAnswer, plainText } from './answers.ts';
import { get, put, type ConsulContext } from './context.ts';
import { ConsulError, respelled } from './errors.ts';
import { decodeBody } from './go-decode.ts';
import { serviceDefinition, serviceRegistration } from './service-definition.ts';
import { agentServiceShape } from './shapes.ts';

/** Services of the logical agent: whatever registered itself through this API. */
export function agentServiceRoutes({ registry, reader, options }: ConsulContext): Route[] {
  const { identity, catalog } = registry;
  const { agentName, datacenter } = identity;
  return [
    put('/v1/agent/service/register', async ({ body, query }) => {
      const replaceChecks = ['', 'true'].includes(query.get('replace-existing-checks') ?? 'false');
      const definition = decodeBody(body, serviceDefinition);
      await catalog.register(serviceRegistration(definition, identity, options, replaceChecks));
      return emptyAnswer();
    }),
    put('/v1/agent/service/deregister/{service_id+}', async ({ params }) => {
      const id = params['service_id'] ?? '';
      const unknown = `Unknown service ID ${JSON.stringify(id)}. Ensure that the service ID is passed, not the service name.`;
      await respelled(catalog.deregisterInstance(agentName, id), {
        instance_not_found: new ConsulError(404, unknown),
      });
      return emptyAnswer();
    }),
    get('/v1/agent/services', (request) =>
      reader.agent(request, {
        query: nodeQuery(agentName),
        encode: (node) => {
          const services = (node?.instances ?? []).filter(isAgentOwned);
          const shown = services.map((each) => [each.id, agentServiceShape(each, datacenter)] as const);
          return jsonAnswer(new Map(shown), isPretty(request));
        },
      }),
    ),
    get('/v1/agent/service/{service_id+}', (request) => {
      const id = request.params['service_id'] ?? '';
      return reader.agent(request, {
        query: instanceQuery(agentName, id),
        encode: (instance) =>
          instance === undefined || !isAgentOwned(instance)
            ? plainText(404, `unknown service ID: ${id}`)
            : jsonAnswer(agentServiceShape(instance, datacenter), isPretty(request)),
      });
    }),
  ];
}

/** Compat(consul): the registry's own service is in the catalog, and no service of the agent. */
function isAgentOwned({ id }: Instance): boolean {
  return id !== 'consul';
}
