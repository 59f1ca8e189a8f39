import {
  checkKey,
  instanceKey,
  type CheckRegistration,
  type Node,
  type Registration,
  type State,
} from '../../core/index.ts';
import type { Route, RouteResponse } from '../../http/index.ts';
import { emptyAnswer } from './answers.ts';
import { put, type ConsulContext } from './context.ts';
import { badRequest, respelled, unlessMissing } from './errors.ts';
import { unknownService } from './agent-services.ts';
import { agentNode, consulExtensions } from './service-definition.ts';

/** Takes the agent's node or one of its services out of use on purpose, and back. */
export function agentMaintenanceRoutes(context: ConsulContext): Route[] {
  const { agentName: node } = context.registry.identity;
  return [
    put('/v1/agent/service/maintenance/{service_id+}', async ({ params, query }) => {
      const instanceId = params['service_id'] ?? '';
      if (instanceId === '') throw badRequest('Missing service ID');
      const isOn = isEnabling(query);
      const check = {
        ...maintenance(node, 'service', query),
        id: `_service_maintenance:${instanceId}`,
        name: 'Service Maintenance Mode',
        instanceId,
      };
      return respelled(turn(context, isOn, check), { instance_not_found: () => unknownService(instanceId) });
    }),
    put('/v1/agent/maintenance', ({ query }) => {
      const isOn = isEnabling(query);
      const names = { id: '_node_maintenance', name: 'Node Maintenance Mode', instanceId: '' };
      return turn(context, isOn, { ...maintenance(node, 'node', query), ...names });
    }),
  ];
}

/** Adds the check or removes it; where there is nothing to do, nothing changes, not even the reason. */
async function turn(
  { registry }: ConsulContext,
  isOn: boolean,
  check: CheckRegistration,
): Promise<RouteResponse> {
  const { catalog, identity } = registry;
  const { node, instanceId } = check;
  if (isOn) {
    await catalog.registerFrom((state) => registrationOf(state, agentNode(identity), check));
    return emptyAnswer();
  }
  await unlessMissing(catalog.deregisterCheck(node, check.id), 'check_not_found');
  // A service that is there or was there a moment ago can be put back into use; any other name is a mistake.
  if (instanceId !== '' && !registry.state.instances.has(instanceKey(node, instanceId)))
    throw unknownService(instanceId);
  return emptyAnswer();
}

function registrationOf(state: State, node: Node, check: CheckRegistration): Registration {
  const held = state.checks.get(checkKey(check.node, check.id));
  const notes = held?.notes ?? check.notes;
  return { node, keepNode: true, checks: [{ ...check, notes }], replaceChecks: false };
}

function isEnabling(query: URLSearchParams): boolean {
  const text = query.get('enable');
  if (text === null) throw badRequest('Missing value for enable');
  if (/^(1|t|T|true|TRUE|True)$/.test(text)) return true;
  if (/^(0|f|F|false|FALSE|False)$/.test(text)) return false;
  throw badRequest(`Invalid value for enable: ${JSON.stringify(text)}`);
}

function maintenance(node: string, what: string, query: URLSearchParams) {
  const notes =
    query.get('reason') ||
    `Maintenance mode is enabled for this ${what}, but no reason was provided. This is a default message.`;
  return {
    node,
    notes,
    status: 'critical',
    source: { kind: 'external' },
    deregisterAfterMs: 0,
    overwriteStatus: false,
    ...consulExtensions({ Type: 'maintenance' }),
  } as const;
}
