import {
  type Check,
  type Extensions,
  type Instance,
  type InstanceView,
  type KvPair,
  type Node,
  type Stored,
} from '../../core/index.ts';
import { isObject } from './go-decode.ts';
import { isProxyKind, proxyShape } from './proxy-definition.ts';
import { goMap, type GoStruct, type GoValue } from './go-json.ts';

/** A node as the catalog and health endpoints show it. */
export function nodeShape(node: Stored<Node>, datacenter: string): GoStruct {
  const { Locality } = consulFields(node);
  return {
    ID: node.id,
    Node: node.name,
    Address: node.address,
    Datacenter: datacenter,
    TaggedAddresses: goMap(node.taggedAddresses) ?? null,
    Meta: goMap(node.meta) ?? null,
    Locality,
    ...revisions(node),
  };
}

/** One entry of `catalog/service`: an instance with its node's fields beside its own. */
export function serviceNodeShape({ node, instance }: InstanceView, datacenter: string): GoStruct {
  const { Kind, SocketPath, Proxy, Connect, Locality } = consulFields(instance);
  return {
    ID: node.id,
    Node: node.name,
    Address: node.address,
    Datacenter: datacenter,
    TaggedAddresses: goMap(node.taggedAddresses) ?? null,
    NodeMeta: goMap(node.meta) ?? null,
    ServiceKind: Kind ?? '',
    ServiceID: instance.id,
    ServiceName: instance.service,
    ServiceTags: instance.tags,
    ServiceAddress: instance.address,
    ServiceTaggedAddresses: taggedShape(instance),
    ServiceWeights: weightsShape(instance),
    ServiceMeta: goMap(instance.meta ?? {}),
    ServicePort: instance.port,
    ServiceSocketPath: SocketPath ?? '',
    ServiceEnableTagOverride: instance.enableTagOverride,
    ServiceProxy: proxyShape(Proxy, 'catalog'),
    ServiceConnect: connectShape(Connect),
    ServiceLocality: Locality ?? null,
    ...revisions(instance),
  };
}

/** An instance as the health endpoints and those of a node show it. */
export function nodeServiceShape(instance: Stored<Instance>): GoStruct {
  const { Kind, SocketPath, Proxy, Connect, Locality } = consulFields(instance);
  return {
    Kind,
    ID: instance.id,
    Service: instance.service,
    Tags: instance.tags,
    Address: instance.address,
    TaggedAddresses: taggedShape(instance),
    // Compat(consul): metadata that were never given are null here and empty elsewhere.
    Meta: goMap(instance.meta) ?? null,
    Port: instance.port === 0 ? undefined : instance.port,
    SocketPath,
    Weights: weightsShape(instance),
    EnableTagOverride: instance.enableTagOverride,
    Proxy: proxyShape(Proxy, 'catalog'),
    Connect: connectShape(Connect),
    PeerName: '',
    Locality,
    ...revisions(instance),
  };
}

/** An instance as the agent shows it: without revisions, and with less of the mesh. */
export function agentServiceShape(instance: Instance, datacenter: string): GoStruct {
  const { Kind, SocketPath, Proxy, Connect, Locality } = consulFields(instance);
  return {
    Kind,
    ID: instance.id,
    Service: instance.service,
    Tags: instance.tags,
    Meta: goMap(instance.meta ?? {}),
    Port: instance.port,
    Address: instance.address,
    SocketPath,
    TaggedAddresses: taggedShape(instance),
    Weights: weightsShape(instance),
    EnableTagOverride: instance.enableTagOverride,
    Proxy: isProxyKind(Kind) ? proxyShape(Proxy, 'agent') : undefined,
    Connect: isNative(Connect) ? { Native: true } : undefined,
    Datacenter: datacenter,
    Locality,
  };
}

/** A check with the name and tags that its service, if it has one, has now. */
export function checkShape(check: Stored<Check>, instance: Instance | undefined): GoStruct {
  const { Type, Interval, Timeout, Definition } = consulFields(check);
  return {
    Node: check.node,
    CheckID: check.id,
    Name: check.name,
    Status: check.status,
    Notes: check.notes,
    Output: check.output,
    ServiceID: check.instanceId,
    ServiceName: instance?.service ?? '',
    ServiceTags: instance?.tags ?? [],
    Type: Type ?? typeOf(check),
    Interval: Interval ?? '',
    Timeout: Timeout ?? '',
    ExposedPort: 0,
    Definition: Definition ?? {},
    ...revisions(check),
  };
}

export function kvShape(pair: Stored<KvPair>): GoStruct {
  return {
    LockIndex: pair.lockIndex,
    Key: pair.key,
    Flags: BigInt(pair.flags),
    Value: pair.value,
    Session: pair.session,
    ...revisions(pair),
  };
}

/** What only Consul knows of a record, under Consul's own field names. */
export function consulFields({ extensions }: { readonly extensions?: Extensions }): GoStruct {
  const held = extensions?.['consul'];
  return isObject(held) ? (held as GoStruct) : {};
}

function revisions({ createRevision, modifyRevision }: Stored<object>): GoStruct {
  return { CreateIndex: createRevision, ModifyIndex: modifyRevision };
}

function weightsShape({ weights }: Instance): GoStruct {
  return { Passing: weights.passing, Warning: weights.warning };
}

function taggedShape({ taggedAddresses }: Instance): ReadonlyMap<string, GoStruct> | undefined {
  const entries = Object.entries(taggedAddresses ?? {});
  if (entries.length === 0) return undefined;
  return new Map(entries.map(([tag, { address, port }]) => [tag, { Address: address, Port: port }]));
}

/** A sidecar's definition is told once and not shown again. */
function connectShape(connect: GoValue | undefined): GoStruct {
  return isNative(connect) ? { Native: true } : {};
}

function isNative(connect: GoValue | undefined): boolean {
  return isObject(connect) && connect['Native'] === true;
}

function typeOf({ source }: Check): string {
  if (source.kind === 'external' || source.kind === 'lease') return '';
  return source.kind;
}
