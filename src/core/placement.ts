import type { Instance, Node } from './catalog.ts';
import { splitKey } from './ids.ts';
import type { Member } from './ring/index.ts';

/** The fields of an instance that decide its place on its service's ring. */
export function placementOf(instance: Instance): readonly unknown[] {
  const { node, id, service, address, port, weights } = instance;
  return [node, id, service.toLowerCase(), address, port, weights.passing];
}

/**
 * An instance as a member of its service's ring.
 *
 * The member id is the instance's record key (node and id); its hash key is `host:port`, so a
 * restart under another id keeps its keys and other programs can compute the same placement.
 */
export function memberOf(key: string, instance: Instance, node: Node | undefined): Member {
  const host = instance.address === '' ? (node?.address ?? splitKey(key)[0] ?? '') : instance.address;
  const shown = host.includes(':') ? `[${host}]` : host;
  return { id: key, hashKey: `${shown}:${String(instance.port)}`, weight: instance.weights.passing };
}
