import type { Route } from '../../http/index.ts';
import type { Registry } from '../../registry/index.ts';
import { json } from './answer.ts';

/** What this node is and how it is doing. */
export function statusRoutes(registry: Registry): Route[] {
  return [
    {
      method: 'GET',
      path: '/api/v1/status',
      handle: () => {
        const { nodeName, nodeId, datacenter, version } = registry.identity;
        const status = {
          node: nodeName,
          nodeId,
          datacenter,
          version,
          ready: registry.ready,
          ...registry.status(),
          protection: registry.protection.status(),
          condition: registry.condition.status(),
        };
        return json(status, registry.reads.freshness());
      },
    },
  ];
}
