import { checkKey, nodeKey } from '../../core/index.ts';
import type { Route } from '../../http/index.ts';
import { emptyAnswer } from './answers.ts';
import { put, type ConsulContext } from './context.ts';
import { ConsulError, unlessMissing } from './errors.ts';
import { memberNodes } from './members.ts';

/** Joining and leaving: here nodes are members by the store they share, so there is little to do. */
export function agentPoolRoutes({ registry }: ConsulContext): Route[] {
  const { catalog, identity } = registry;
  return [
    put('/v1/agent/join/{address+}', ({ params }) => {
      const address = params['address'] ?? '';
      const host = address.replace(/:\d+$/, '').replace(/^\[(.*)\]$/, '$1');
      const isMember = memberNodes(registry.state).some(
        (each) => each.address === host || each.name === host,
      );
      if (isMember) return emptyAnswer();
      const reason = `Failed to join ${address}: the nodes of this registry find each other in the store they share`;
      throw new ConsulError(500, `1 error occurred:\n\t* ${reason}\n\n`);
    }),
    { ...put('/v1/agent/leave', refuseToLeave), isOff: true },
    put('/v1/agent/force-leave/{node+}', async ({ params }) => {
      const name = params['node'] ?? '';
      const member = memberNodes(registry.state).find((each) => nodeKey(each.name) === nodeKey(name));
      if (member === undefined) throw new ConsulError(500, `agent: No node found with name '${name}'`);
      const status = registry.state.checks.get(checkKey(member.name, 'serfHealth'))?.status;
      // One that lives would refute it; the logical agent's node belongs to all.
      const hasFailed = status === 'critical' && nodeKey(name) !== nodeKey(identity.agentName);
      if (hasFailed) await unlessMissing(catalog.deregisterNode(member.name), 'node_not_found');
      return emptyAnswer();
    }),
  ];
}

function refuseToLeave(): never {
  // Every client can reach this node, and ending it would end it for all of them.
  throw new ConsulError(403, 'Permission denied: a node of this registry leaves when its process is stopped');
}
