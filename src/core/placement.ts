import type { Instance, Node } from './catalog.ts';
import { splitKey } from './ids.ts';
import type { Member } from './ring/index.ts';
import type { ServicePolicy } from './ring-policy.ts';

/** An instance as a member of its service's ring; its `id` is the instance's record key, node and id. */
export interface RingMember extends Member {
  readonly weight: number;
  /** '' where it is in none. */
  readonly zone: string;
  /** IP address or host name that the instance is reached at. */
  readonly address: string;
  readonly port: number;
}

/** The fields of an instance that decide its place on its service's ring. */
export function placementOf(instance: Instance, policy: ServicePolicy): readonly unknown[] {
  const { node, id, service, address, port, weights } = instance;
  const ofMeta = [metaOf(instance, policy.hashKeyMeta), metaOf(instance, policy.zoneMeta)];
  return [node, id, service.toLowerCase(), address, port, weights.passing, ...ofMeta];
}

/**
 * An instance as a member of its service's ring.
 *
 * The member id is the instance's record key (node and id); its hash key is `host:port`, so a
 * restart under another id keeps its keys and other programs can compute the same placement.
 */
export function memberOf(
  key: string,
  instance: Instance,
  node: Node | undefined,
  policy: ServicePolicy,
): RingMember {
  const { hashKeyMeta, zoneMeta, placement } = policy;
  const ownKey = metaOf(instance, hashKeyMeta);
  const ownZone = metaOf(instance, zoneMeta);
  const zone = ownZone === '' ? metaOf(node, zoneMeta) : ownZone;
  const { port, weights } = instance;
  const address = instance.address === '' ? (node?.address ?? splitKey(key)[0] ?? '') : instance.address;
  const hostPort = `${address.includes(':') ? `[${address}]` : address}:${String(port)}`;
  // HAProxy places servers by a number of theirs, which no address is.
  const isNumbered = placement.algorithm === 'haproxy-consistent' && placement.hashKey === 'id';
  const hashKey = ownKey === '' ? (isNumbered ? instance.id : hostPort) : ownKey;
  return { id: key, hashKey, weight: weights.passing, zone, address, port };
}

/** The metadata of an instance or a node by that name; '' where there is none, or no name. */
export function metaOf(holder: Pick<Node, 'meta'> | undefined, name: string): string {
  const meta = holder?.meta ?? {};
  return name !== '' && Object.hasOwn(meta, name) ? (meta[name] ?? '') : '';
}
