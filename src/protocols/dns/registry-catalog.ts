import { RollcallError, topics, worstStatus } from '../../core/index.ts';
import type { Check, Instance, Node, Revision } from '../../core/index.ts';
import { systemClock, type Clock } from '../../platform/clock.ts';
import type { Registry } from '../../registry/index.ts';
import { parseAddress } from './address.ts';
import type { DnsCatalog, DnsInstance, DnsNode, DnsQueryResult } from './lookup.ts';
import { ReverseIndex } from './reverse-index.ts';

interface Cached {
  readonly revision: Revision;
  readonly instances: readonly DnsInstance[];
}

const MAX_CACHED = 10_000;

/** The catalog as DNS asks it: from memory, each service made ready once per change. */
export function createDnsCatalog(registry: Registry, clock: Clock = systemClock): DnsCatalog {
  const services = new Map<string, Cached>();
  const reverse = new ReverseIndex(registry, clock);
  return {
    datacenter: registry.identity.datacenter,
    ready: () => registry.ready,
    revision: () => registry.state.revision,
    node: (name) => nodeOf(registry, name),
    nameAt: (address) => reverse.nameAt(address),
    query: (nameOrId, clientAddress) => executeQuery(registry, reverse, nameOrId, clientAddress),
    ringOf: (service) => (registry.rings.isReady(service) ? undefined : registry.rings.ready(service)),
    preferenceList: (service, key, count) => preferenceList(registry, service, key, count),
    service: (name, tag) => {
      const question = tag === undefined ? name : `${name}\0${tag}`;
      const revision = registry.state.topic(topics.service(name));
      const held = services.get(question);
      if (held?.revision === revision) return held.instances;
      const instances = instancesOf(registry, name, tag);
      if (services.size >= MAX_CACHED) services.clear();
      // Unknown names and tags are not kept: anybody could fill the cache with them.
      if (instances === undefined || instances.length === 0) services.delete(question);
      else services.set(question, { revision, instances });
      return instances;
    },
  };
}

function instancesOf(
  registry: Registry,
  name: string,
  tag: string | undefined,
): readonly DnsInstance[] | undefined {
  const instances = [...registry.state.instancesOf(name).values()];
  if (instances.length === 0) return undefined;
  const tagged = instances.filter(
    ({ tags }) => tag === undefined || tags.some((each) => each.toLowerCase() === tag),
  );
  return tagged.flatMap((instance) => instanceOf(registry, instance));
}

function preferenceList(
  registry: Registry,
  ...[service, key, count]: Parameters<DnsCatalog['preferenceList']>
): readonly DnsInstance[] | undefined {
  if (registry.state.instancesOf(service).size === 0) return undefined;
  try {
    const { preference } = registry.rings.place(service, 'text' in key ? key.text : key, count);
    return preference.flatMap(({ instance }) => instanceOf(registry, instance));
  } catch (error) {
    if (error instanceof RollcallError && error.code === 'no_available_owner') return undefined;
    throw error;
  }
}

function executeQuery(
  { queries, identity }: Registry,
  reverse: ReverseIndex,
  nameOrId: string,
  clientAddress: string | undefined,
): DnsQueryResult | undefined {
  try {
    const client = parseAddress(clientAddress ?? '');
    const isNearClient = queries.resolve(nameOrId)?.target.near === '_ip';
    const near = isNearClient ? { near: (client && reverse.nodeAt(client)) ?? '' } : {};
    const found = queries.execute(nameOrId, { agent: identity.agentName, ...near });
    if (found === undefined) return undefined;
    const { ttlMs } = found.query;
    return {
      service: found.target.service,
      instances: found.instances.map(({ node, instance, checks }) => describe(node, instance, checks)),
      ttlSeconds: ttlMs === undefined ? undefined : Math.floor(ttlMs / 1000),
    };
  } catch (error) {
    // A template that the name cannot fill in: there is nothing by that name.
    if (error instanceof RollcallError && error.code === 'invalid_request') return undefined;
    throw error;
  }
}

function instanceOf({ state }: Registry, instance: Instance): DnsInstance[] {
  const node = state.node(instance.node);
  if (node === undefined) return [];
  const ofNode = state.checksOf(instance.node, '').values();
  return [describe(node, instance, [...ofNode, ...state.checksOf(instance.node, instance.id).values()])];
}

function describe(node: Node, { address, port, weights }: Instance, checks: readonly Check[]): DnsInstance {
  return { node: describeNode(node), address, port, weights, status: worstStatus(checks) };
}

function nodeOf(registry: Registry, name: string): DnsNode | undefined {
  const node = registry.state.node(name);
  return node && describeNode(node);
}

function describeNode({ name, address, meta = {} }: Node): DnsNode {
  return { name, address, meta };
}
