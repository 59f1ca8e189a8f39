import { instanceQuery, type Instance, type Stored } from '../../core/index.ts';
import type { Route, RouteRequest, RouteResponse } from '../../http/index.ts';
import { isPretty, jsonAnswer, plainText } from './answers.ts';
import { contentHash } from './content-hash.ts';
import { get, type ConsulContext } from './context.ts';
import { readParameters } from './read-parameters.ts';
import { agentServiceShape } from './shapes.ts';

/** One service of the agent, which can be waited for by the hash of what it is. */
export function agentServiceRoute(context: ConsulContext): Route {
  const { datacenter } = context.registry.identity;
  return get('/v1/agent/service/{service_id+}', async (request) => {
    const id = request.params['service_id'] ?? '';
    const instance = await find(context, request, id);
    // Compat(consul): the registry's own service is in the catalog, and no service of the agent.
    if (instance === undefined || id === 'consul') return plainText(404, `unknown service ID: ${id}`);
    return shown(instance, datacenter, isPretty(request));
  });
}

/** The service; where its hash is the one given, once that has changed, the service has gone or time is up. */
async function find(
  { registry, options }: ConsulContext,
  request: RouteRequest,
  id: string,
): Promise<Stored<Instance> | undefined> {
  const { agentName, datacenter } = registry.identity;
  const { waitMs } = readParameters(request);
  const hash = request.query.get('hash') ?? '';
  const query = instanceQuery(agentName, id);
  const isSame = (each: Instance | undefined) =>
    hash !== '' && each !== undefined && contentHash(each, datacenter) === hash;
  let { value, index } = await registry.reads.read(query, { mode: 'default' });
  if (!isSame(value)) return value;
  const spreadMs = Math.ceil(waitMs * (1 + options.random.fraction() / 16));
  const signal = AbortSignal.any([request.signal, AbortSignal.timeout(spreadMs)]);
  while (isSame(value) && !signal.aborted) {
    const waiting = { index, waitMs: spreadMs, signal };
    ({ value, index } = await registry.reads.read(query, { mode: 'default', ...waiting }));
  }
  return value;
}

function shown(instance: Instance, datacenter: string, pretty: boolean): RouteResponse {
  const hash = contentHash(instance, datacenter);
  const { Proxy, Connect, Datacenter, Locality, ...fields } = agentServiceShape(instance, datacenter);
  // Where Go has the hash among the fields.
  const body = { ...fields, ContentHash: hash, Proxy, Connect, Datacenter, Locality };
  const response = jsonAnswer(body, pretty);
  return { ...response, headers: { ...response.headers, 'X-Consul-Contenthash': hash } };
}
