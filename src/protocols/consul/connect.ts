import { allInstancesQuery, topics, type Instance, type InstanceView, type Query } from '../../core/index.ts';
import { isObject } from './go-decode.ts';
import { consulFields } from './shapes.ts';

/**
 * The instances through which a service is reached in the mesh: its sidecars, and those that speak the mesh
 * themselves; by node and id.
 */
export function connectQuery(service: string, withChecks: boolean): Query<readonly InstanceView[]> {
  const query = allInstancesQuery({}, withChecks);
  return {
    ...query,
    run: (state) => query.run(state).filter(({ instance }) => isReachedBy(instance, service)),
  };
}

/** Services behind gateways of the mesh, of which there are none. */
export const GATEWAYS_QUERY: Query<readonly never[]> = {
  topics: [topics.services],
  index: (state) => state.topic(topics.services),
  run: () => [],
};

function isReachedBy(instance: Instance, service: string): boolean {
  const { Kind, Proxy, Connect } = consulFields(instance);
  const name = service.toLowerCase();
  if (Kind === 'connect-proxy') {
    const destination = isObject(Proxy) ? Proxy['DestinationServiceName'] : undefined;
    return typeof destination === 'string' && destination.toLowerCase() === name;
  }
  return isObject(Connect) && Connect['Native'] === true && instance.service.toLowerCase() === name;
}
