import {
  checkKey,
  instanceKey,
  nodeChecksQuery,
  type Check,
  type CheckStatus,
  type Registration,
} from '../../core/index.ts';
import type { Route, RouteRequest, RouteResponse } from '../../http/index.ts';
import type { Identity, Registry } from '../../registry/index.ts';
import { emptyAnswer, isPretty, jsonAnswer } from './answers.ts';
import {
  checkDefinition,
  checkRegistration,
  isStatus,
  validateCheck,
  type CheckDefinition,
} from './check-definition.ts';
import { get, put, type CheckLimits, type ConsulContext } from './context.ts';
import { badRequest, ConsulError, respelled } from './errors.ts';
import { HEALTH_CHECK_SCHEMA } from './filter-schemas.ts';
import { decodeBody, struct, text } from './go-decode.ts';
import { agentNode } from './service-definition.ts';
import { checkShape } from './shapes.ts';

const statusUpdate = struct('checkUpdate', { Status: text, Output: text });
const MAX_OUTPUT_BYTES = 4096;
/** Of UTF-8, for one UTF-16 unit of a string. */
const MAX_BYTES_PER_UNIT = 3;

/** Checks of the logical agent's node and services, and their heartbeats. */
export function agentCheckRoutes(context: ConsulContext): Route[] {
  const { registry, options } = context;
  const { identity, catalog } = registry;
  const reporting = (path: string, status: CheckStatus) =>
    put(`/v1/agent/check/${path}/{check_id+}`, (request) =>
      report(context, request, status, request.query.get('note') ?? ''),
    );
  return [
    put('/v1/agent/check/register', async ({ body }) => {
      const definition = decodeBody(body, checkDefinition);
      const registration = nodeCheckRegistration(definition, identity, options);
      const unknown = () =>
        new ConsulError(404, `ServiceID ${JSON.stringify(definition.ServiceID)} does not exist`);
      await respelled(catalog.register(registration), { instance_not_found: unknown });
      return emptyAnswer();
    }),
    put('/v1/agent/check/deregister/{check_id+}', async ({ params }) => {
      const id = params['check_id'] ?? '';
      await respelled(catalog.deregisterCheck(identity.agentName, id), {
        check_not_found: () => unknownCheck(id),
      });
      return emptyAnswer();
    }),
    reporting('pass', 'passing'),
    reporting('warn', 'warning'),
    reporting('fail', 'critical'),
    put('/v1/agent/check/update/{check_id+}', (request) => {
      const { Status, Output } = decodeBody(request.body, statusUpdate);
      if (!isStatus(Status)) throw badRequest(`Invalid check status: '${Status}'`);
      return report(context, request, Status, Output);
    }),
    get('/v1/agent/checks', (request) => list(context, request)),
  ];
}

/** The registration of a check that is not part of a service definition. Throws Consul's errors. */
export function nodeCheckRegistration(
  definition: CheckDefinition,
  agent: Identity,
  limits: CheckLimits,
): Registration {
  const { Name, Status, ServiceID } = definition;
  if (Name === '') throw badRequest('Missing check name');
  if (Status !== '' && !isStatus(Status)) throw badRequest('Bad check status');
  validateCheck(definition, limits);
  const place = {
    node: agent.agentName,
    instanceId: ServiceID,
    id: definition.ID || definition.CheckID || Name,
    name: Name,
  };
  const check = checkRegistration(definition, place, limits);
  return { node: agentNode(agent), keepNode: true, checks: [check], replaceChecks: false };
}

function report(
  { registry }: ConsulContext,
  { params }: RouteRequest,
  status: CheckStatus,
  output: string,
): RouteResponse | Promise<RouteResponse> {
  const id = params['check_id'] ?? '';
  const { agentName } = registry.identity;
  const shown = output === '' ? '' : shownOutput(registry, id, output);
  const heartbeat = registry.health.heartbeat(agentName, id, status, shown);
  if (heartbeat === undefined) return emptyAnswer();
  return respelled(
    heartbeat.then(() => emptyAnswer()),
    { check_not_found: () => unknownCheck(id) },
  );
}

/** Shows the latest outputs, which the catalog may get later, and is therefore encoded anew each time. */
async function list({ registry, reader }: ConsulContext, request: RouteRequest): Promise<RouteResponse> {
  const passes = reader.filter(request, HEALTH_CHECK_SCHEMA);
  const { agentName } = registry.identity;
  const { value: checks } = await registry.reads.read(nodeChecksQuery(agentName), { mode: 'default' });
  const { state } = registry;
  const shown = checks.filter(isAgentOwned).map((check) => {
    const local = {
      ...check,
      output: registry.health.latestOutput(check),
      createRevision: 0,
      modifyRevision: 0,
    };
    return [
      check.id,
      checkShape(local, state.instances.get(instanceKey(check.node, check.instanceId))),
    ] as const;
  });
  return jsonAnswer(new Map(shown.filter(([, check]) => passes(check))), isPretty(request));
}

/** Compat(consul): the node's membership check is in the catalog, and no check of the agent; nor is the registry's own. */
function isAgentOwned({ id, instanceId }: Check): boolean {
  return id !== 'serfHealth' && instanceId !== 'consul';
}

function unknownCheck(id: string): ConsulError {
  return new ConsulError(
    404,
    `Unknown check ID ${JSON.stringify(id)}. Ensure that the check ID is passed, not the check name.`,
  );
}

function shownOutput({ state, identity }: Registry, id: string, output: string): string {
  const source = state.checks.get(checkKey(identity.agentName, id))?.source;
  const maxBytes = source?.kind === 'ttl' ? (source.outputMaxBytes ?? MAX_OUTPUT_BYTES) : MAX_OUTPUT_BYTES;
  return truncated(output, Math.min(maxBytes, MAX_OUTPUT_BYTES));
}

/** Compat(consul): an output longer than 4096 bytes, or what the check allows, is cut and says so. */
function truncated(output: string, maxBytes: number): string {
  if (output.length * MAX_BYTES_PER_UNIT <= maxBytes) return output;
  const bytes = Buffer.from(output, 'utf8');
  if (bytes.length <= maxBytes) return output;
  const kept = bytes.subarray(0, maxBytes).toString('utf8');
  return `${kept} ... (captured ${String(maxBytes)} of ${String(bytes.length)} bytes)`;
}
