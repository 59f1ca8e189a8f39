import {
  instanceKey,
  isMaintenance,
  nodeQuery,
  worstStatus,
  type Check,
  type Instance,
  type Query,
  type State,
} from '../../core/index.ts';
import type { Route, RouteRequest, RouteResponse } from '../../http/index.ts';
import { isPretty, jsonAnswer } from './answers.ts';
import { isAgentOwned } from './agent-services.ts';
import { get, type ConsulContext } from './context.ts';
import { badRequest } from './errors.ts';
import type { GoStruct, GoValue } from './go-json.ts';
import { agentServiceShape } from './shapes.ts';

const STATUS_CODES = { passing: 200, warning: 429, critical: 503, maintenance: 503 } as const;

type Aggregated = keyof typeof STATUS_CODES;

/** Health of the agent's services as load balancers ask for it: by status code. */
export function agentHealthRoutes(context: ConsulContext): Route[] {
  return [
    get('/v1/agent/health/service/id/{service_id+}', (request) => {
      const id = request.params['service_id'] ?? '';
      if (id === '') throw badRequest('Missing serviceID');
      return answer(context, request, (state) => healthOfInstance(context, state, id));
    }),
    get('/v1/agent/health/service/name/{service+}', (request) => {
      const name = request.params['service'] ?? '';
      if (name === '') throw badRequest('Missing service Name');
      return answer(context, request, (state) => healthOfService(context, state, name));
    }),
  ];
}

interface ServiceHealth {
  readonly code: number;
  /** The status, or why there is none. */
  readonly reason: string;
  readonly body: GoValue;
  /** Compat(consul): the reason is text here, but JSON for an id that is not known. */
  readonly textType: string;
  readonly text: string;
}

async function answer(
  { registry, reader }: ConsulContext,
  request: RouteRequest,
  healthOf: (state: State) => ServiceHealth,
): Promise<RouteResponse> {
  const query: Query<ServiceHealth> = { ...nodeQuery(registry.identity.agentName), run: healthOf };
  if (!wantsText(request)) {
    return reader.agent(request, {
      query,
      encode: ({ code, reason, body }) => labelled(jsonAnswer(body, isPretty(request)), code, reason),
    });
  }
  const { code, reason, text, textType } = (await registry.reads.read(query, { mode: 'default' })).value;
  const response = labelled({ status: code, body: text }, code, reason);
  return {
    ...response,
    headers: { ...jsonAnswer(null, false).headers, ...response.headers, 'Content-Type': textType },
  };
}

function labelled(response: RouteResponse, status: number, reason: string): RouteResponse {
  return { ...response, status, headers: { ...response.headers, 'X-Consul-Reason': reason } };
}

function wantsText({ query, headers }: RouteRequest): boolean {
  const format = query.get('format');
  if (format !== null) return format === 'text';
  return (headers.accept ?? '').startsWith('text/plain');
}

function healthOfInstance(context: ConsulContext, state: State, id: string): ServiceHealth {
  const { agentName, datacenter } = context.registry.identity;
  const instance = state.instances.get(instanceKey(agentName, id));
  if (instance === undefined || !isAgentOwned(instance)) {
    const reason = `ServiceId ${id} not found`;
    const body = { AggregatedStatus: 'critical', Service: null, Checks: null };
    return { code: 404, reason, body, text: JSON.stringify(reason), textType: 'application/json' };
  }
  const checks = checksFor(state, agentName, id);
  const status = aggregated(checks);
  const body = {
    AggregatedStatus: status,
    Service: agentServiceShape(instance, datacenter),
    Checks: checks.map((check) => agentHealthCheckShape(check, instance)),
  };
  return { code: STATUS_CODES[status], reason: status, body, text: status, textType: 'text/plain' };
}

/** The worst of all instances counts. */
function healthOfService(context: ConsulContext, state: State, name: string): ServiceHealth {
  const { agentName } = context.registry.identity;
  const ids = [...state.instancesOn(agentName).values()]
    .filter((instance) => instance.service === name && isAgentOwned(instance))
    .map(({ id }) => id)
    .sort();
  const found = ids.map((id) => healthOfInstance(context, state, id));
  const [first, ...others] = found;
  const reason = `ServiceName ${name} Not Found`;
  if (first === undefined) return { code: 404, reason, body: [], text: reason, textType: 'text/plain' };
  const worst = others.reduce((held, each) => (each.code > held.code ? each : held), first);
  return { ...worst, body: found.map(({ body }) => body) };
}

function checksFor(state: State, node: string, id: string): Check[] {
  const ofNode = [...state.checksOf(node, '').values()].filter((check) => check.id !== 'serfHealth');
  return [...ofNode, ...state.checksOf(node, id).values()].sort((a, b) => (a.id < b.id ? -1 : 1));
}

function aggregated(checks: readonly Check[]): Aggregated {
  return checks.some(isMaintenance) ? 'maintenance' : worstStatus(checks);
}

/** A check as this endpoint shows it: without its type, and with a definition that says nothing. */
function agentHealthCheckShape(check: Check, { service, tags }: Instance): GoStruct {
  const isOwn = check.instanceId !== '';
  return {
    Node: check.node,
    CheckID: check.id,
    Name: check.name,
    Status: check.status,
    Notes: check.notes,
    Output: check.output,
    ServiceID: check.instanceId,
    ServiceName: isOwn ? service : '',
    ServiceTags: isOwn && tags.length > 0 ? tags : null,
    Type: '',
    ExposedPort: 0,
    Definition: EMPTY_DEFINITION,
    CreateIndex: 0,
    ModifyIndex: 0,
  };
}

const EMPTY_DEFINITION: GoStruct = {
  Interval: '0s',
  Timeout: '0s',
  DeregisterCriticalServiceAfter: '0s',
  HTTP: '',
  Header: null,
  Method: '',
  Body: '',
  TLSServerName: '',
  TLSSkipVerify: false,
  TCP: '',
  TCPUseTLS: false,
  UDP: '',
  GRPC: '',
  OSService: '',
  GRPCUseTLS: false,
};
