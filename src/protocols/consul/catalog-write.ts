import type { CheckRegistration, Instance, Node, Registration } from '../../core/index.ts';
import type { Route, RouteResponse } from '../../http/index.ts';
import { isPretty, jsonAnswer } from './answers.ts';
import { externalCheck, healthCheck } from './catalog-check.ts';
import { put, register, type ConsulContext } from './context.ts';
import { ConsulError, respelled, unlessMissing } from './errors.ts';
import {
  bool,
  decodeBody,
  enterprise,
  int,
  json,
  list,
  map,
  name,
  optional,
  struct,
  text,
} from './go-decode.ts';
import { proxyDefinition, withoutEmpty } from './proxy-definition.ts';
import {
  consulExtensions,
  requireAddress,
  taggedAddresses,
  taggedAddressesOf,
  weights,
} from './service-definition.ts';

/** An instance as the catalog is told it. */
export const nodeService = struct('NodeService', {
  Kind: text,
  ID: name,
  Service: name,
  Tags: list(text),
  Address: text,
  TaggedAddresses: taggedAddresses,
  Meta: map(text),
  Port: int,
  SocketPath: text,
  Weights: weights,
  EnableTagOverride: bool,
  Proxy: proxyDefinition,
  Connect: json,
  Locality: json,
  Namespace: enterprise('Namespace', 'Namespaces'),
});

const registerRequest = struct('RegisterRequest', {
  Datacenter: text,
  ID: name,
  Node: name,
  Address: text,
  TaggedAddresses: map(text),
  NodeMeta: map(text),
  Service: optional(nodeService),
  Check: optional(healthCheck),
  Checks: list(healthCheck),
  SkipNodeUpdate: bool,
  Locality: json,
  Partition: enterprise('Partition', 'Partitions'),
});

const deregisterRequest = struct('DeregisterRequest', {
  Datacenter: text,
  Node: name,
  ServiceID: name,
  CheckID: name,
  Namespace: enterprise('Namespace', 'Namespaces'),
  Partition: enterprise('Partition', 'Partitions'),
});

/** Writes to the catalog by whoever looks after its entries; nothing registered here is checked by us. */
export function catalogWriteRoutes(context: ConsulContext): Route[] {
  const { registry } = context;
  return [
    register('/v1/catalog/register', async (request) => {
      const decoded = decodeBody(request.body, registerRequest);
      requireOwnDatacenter(context, decoded.Datacenter);
      const refused = `failed inserting check on node ${JSON.stringify(decoded.Node)}: Missing service registration`;
      const registered = registry.catalog.register(catalogRegistration(decoded));
      await respelled(registered, { instance_not_found: () => new ConsulError(500, refused) });
      return jsonAnswer(true, isPretty(request));
    }),
    put('/v1/catalog/deregister', async (request): Promise<RouteResponse> => {
      const { Datacenter, Node, ServiceID, CheckID } = decodeBody(request.body, deregisterRequest);
      if (Node === '') throw new ConsulError(500, 'Must provide node');
      requireOwnDatacenter(context, Datacenter);
      const { catalog } = registry;
      if (ServiceID !== '')
        await unlessMissing(catalog.deregisterInstance(Node, ServiceID), 'instance_not_found');
      else if (CheckID !== '') await unlessMissing(catalog.deregisterCheck(Node, CheckID), 'check_not_found');
      else await unlessMissing(catalog.deregisterNode(Node), 'node_not_found');
      return jsonAnswer(true, isPretty(request));
    }),
  ];
}

type RegisterRequest = ReturnType<typeof registerRequest>;

/** Throws Consul's errors for what is missing or contradicts itself. */
function catalogRegistration(request: RegisterRequest): Registration {
  const { Node: nodeName, Service, SkipNodeUpdate } = request;
  if (nodeName === '') throw new ConsulError(500, 'Must provide node');
  if (request.Address === '' && !SkipNodeUpdate) {
    throw new ConsulError(500, 'Must provide address if SkipNodeUpdate is not set');
  }
  const instance = Service && catalogInstance(nodeName, Service);
  return {
    node: nodeOf(request),
    keepNode: SkipNodeUpdate,
    ...(instance === undefined ? {} : { instance }),
    checks: checksOf(request),
    replaceChecks: false,
  };
}

/** A node as the catalog keeps it. Throws Consul's error for an id that is no UUID. */
export function nodeOf({
  ID,
  Node: nodeName,
  Address,
  TaggedAddresses,
  NodeMeta,
  Locality,
}: Pick<RegisterRequest, 'ID' | 'Node' | 'Address' | 'TaggedAddresses' | 'NodeMeta' | 'Locality'>): Node {
  requireUuid(ID);
  return {
    name: nodeName,
    id: ID,
    address: Address,
    ...(TaggedAddresses === undefined ? {} : { taggedAddresses: TaggedAddresses }),
    ...(NodeMeta === undefined ? {} : { meta: NodeMeta }),
    ...consulExtensions({ Locality }),
  };
}

/** An instance as the catalog keeps it. Throws Consul's errors for a name that is missing and a bad address. */
export function catalogInstance(node: string, service: ReturnType<typeof nodeService>): Instance {
  const { ID, Service, Kind, SocketPath, Proxy, Connect, Locality, Weights, Meta } = service;
  if (Service === '' && ID !== '') {
    throw new ConsulError(500, 'Must provide service name (Service.Service) when service ID is provided');
  }
  requireAddress(service.Address, 500);
  const tagged = taggedAddressesOf(service.TaggedAddresses);
  const isWeighted = Weights !== undefined && Weights.Passing > 0;
  return {
    node,
    id: ID === '' ? Service : ID,
    service: Service,
    tags: service.Tags,
    address: service.Address,
    port: service.Port,
    weights: isWeighted ? { passing: Weights.Passing, warning: Weights.Warning } : { passing: 1, warning: 1 },
    enableTagOverride: service.EnableTagOverride,
    ...(Meta === undefined ? {} : { meta: Meta }),
    ...(tagged === undefined ? {} : { taggedAddresses: tagged }),
    ...consulExtensions({ Kind, SocketPath, Proxy: Proxy && withoutEmpty(Proxy), Connect, Locality }),
  };
}

function checksOf({ Node: nodeName, Check, Checks }: RegisterRequest): CheckRegistration[] {
  const given = Check === undefined ? Checks : [...Checks, Check];
  const stranger = given.find(
    (check) => check.Node !== '' && check.Node.toLowerCase() !== nodeName.toLowerCase(),
  );
  if (stranger !== undefined) {
    const [other, own] = [stranger.Node, nodeName].map((each) => JSON.stringify(each));
    throw new ConsulError(500, `check node ${String(other)} does not match node ${String(own)}`);
  }
  return given.map((check) => externalCheck(check, nodeName));
}

function requireOwnDatacenter({ registry }: ConsulContext, datacenter: string): void {
  if (datacenter !== '' && datacenter !== registry.identity.datacenter)
    throw new ConsulError(500, 'No path to datacenter');
}

function requireUuid(id: string): void {
  if (id === '') return;
  if (id.length !== 36) throw new ConsulError(500, 'Bad node ID: uuid string is wrong length');
  if (!/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(id)) {
    throw new ConsulError(500, 'Bad node ID: uuid is improperly formatted');
  }
}
