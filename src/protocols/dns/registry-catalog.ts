import { topics, worstStatus, type Instance, type Revision } from '../../core/index.ts';
import type { Registry } from '../../registry/index.ts';
import type { DnsCatalog, DnsInstance, DnsNode } from './lookup.ts';

interface Cached {
  readonly revision: Revision;
  readonly instances: readonly DnsInstance[] | undefined;
}

const MAX_CACHED = 10_000;

/** The catalog as DNS asks it: from memory, each service made ready once per change. */
export function createDnsCatalog(registry: Registry): DnsCatalog {
  const services = new Map<string, Cached>();
  return {
    datacenter: registry.identity.datacenter,
    ready: () => registry.ready,
    node: (name) => nodeOf(registry, name),
    service: (name, tag) => {
      const question = tag === undefined ? name : `${name}\0${tag}`;
      const revision = registry.state.topic(topics.service(name));
      const held = services.get(question);
      if (held?.revision === revision) return held.instances;
      const instances = instancesOf(registry, name, tag);
      if (services.size >= MAX_CACHED) services.clear();
      // Unknown names are not kept: anybody could fill the cache with them.
      if (instances === undefined) services.delete(question);
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

function instanceOf(registry: Registry, instance: Instance): DnsInstance[] {
  const node = nodeOf(registry, instance.node);
  if (node === undefined) return [];
  const checks = [...registry.state.checksOn(instance.node).values()];
  const status = worstStatus(
    checks.filter(({ instanceId }) => instanceId === '' || instanceId === instance.id),
  );
  return [{ node, address: instance.address, port: instance.port, weights: instance.weights, status }];
}

function nodeOf(registry: Registry, name: string): DnsNode | undefined {
  const node = registry.state.node(name);
  return node && { name: node.name, address: node.address, meta: node.meta ?? {} };
}
