import type { Route } from '../../http/index.ts';
import type { Registry } from '../../registry/index.ts';
import { json } from './answer.ts';

/** The registry as a whole, for operators. */
export function clusterRoutes(registry: Registry): Route[] {
  return [
    {
      method: 'GET',
      path: '/api/v1/cluster',
      handle: () => {
        const { datacenter, nodeName } = registry.identity;
        const overview = {
          datacenter,
          answeredBy: nodeName,
          ...registry.cluster.overview(),
          ...registry.status(),
          protection: registry.protection.status(),
          condition: registry.condition.status(),
          jobs: registry.jobs.list(),
        };
        return json(overview, registry.reads.freshness());
      },
    },
    {
      method: 'GET',
      path: '/api/v1/cluster/digest',
      handle: async () => json(await registry.cluster.digest(), registry.reads.freshness()),
    },
  ];
}
