import type { Check } from './catalog.ts';
import { instanceKey } from './ids.ts';
import type { State } from './state.ts';

/** The service, and the id of its instance on each node, that registry nodes are in the catalog. */
export const REGISTRY_SERVICE = 'consul';
/** Key of the instance's metadata that tells a registry node from others who use the name. */
export const VERSION_META = 'rollcall-version';
/** The check that says whether a node is a living member. */
export const MEMBERSHIP_CHECK = 'serfHealth';

/** Whether a check says that a registry node lives, rather than a service that is registered with it. */
export function isRegistryNodeCheck(state: State, { node, id, instanceId }: Check): boolean {
  if (instanceId !== REGISTRY_SERVICE && !(instanceId === '' && id === MEMBERSHIP_CHECK)) return false;
  return state.instances.get(instanceKey(node, REGISTRY_SERVICE))?.meta?.[VERSION_META] !== undefined;
}
