import { nodesQuery, type Node, type State, type Stored } from '../../core/index.ts';
import type { Route, RouteRequest, RouteResponse } from '../../http/index.ts';
import { emptyAnswer, isPretty, jsonAnswer } from './answers.ts';
import { get, type ConsulContext } from './context.ts';
import { badRequest, ConsulError } from './errors.ts';
import { type GoStruct } from './go-json.ts';
import {
  CONSUL_VERSION,
  isServer,
  memberNodes,
  serfStatus,
  serverAddress,
  serverAddresses,
} from './members.ts';
import { requireDatacenter } from './read-parameters.ts';

/** Kinds of instance that carry the mesh; the rest are services of their own. */
const MESH_KINDS = [
  'connect-native',
  'connect-proxy',
  'ingress-gateway',
  'mesh-gateway',
  'terminating-gateway',
  'api-gateway',
];
const REGISTRY_SERVICE = 'consul';

/** The registry's nodes in the words of Consul's operators: each is a voter, and the first one alive leads. */
export function operatorRoutes(context: ConsulContext): Route[] {
  const { registry, reader } = context;
  const { datacenter } = registry.identity;
  const answering = (path: string, answer: (state: State) => GoStruct) =>
    get(path, (request) => {
      requireDatacenter(request.query, datacenter);
      return jsonAnswer(answer(registry.state), isPretty(request));
    });
  return [
    answering('/v1/operator/raft/configuration', (state) => ({
      Servers: servers(state).map((node) => serverShape(state, node)),
      Index: 0,
    })),
    { method: 'DELETE', path: '/v1/operator/raft/peer', handle: (request) => removePeer(context, request) },
    answering('/v1/operator/autopilot/configuration', () => AUTOPILOT),
    get('/v1/operator/autopilot/health', (request) => {
      requireDatacenter(request.query, datacenter);
      const health = healthShape(registry.state);
      const answer = jsonAnswer(health, isPretty(request));
      return health['Healthy'] === true ? answer : { ...answer, status: 429 };
    }),
    get('/v1/operator/usage', (request) =>
      reader.kv(request, reader.parameters(request), {
        query: { ...nodesQuery(), index: (state) => state.revision },
        encode: (_nodes, state) => jsonAnswer(usageShape(state, datacenter), isPretty(request)),
      }),
    ),
  ];
}

const AUTOPILOT = {
  CleanupDeadServers: true,
  LastContactThreshold: '200ms',
  MaxTrailingLogs: 250,
  MinQuorum: 0,
  ServerStabilizationTime: '10s',
  RedundancyZoneTag: '',
  DisableUpgradeMigration: false,
  UpgradeVersionTag: '',
  CreateIndex: 1,
  ModifyIndex: 1,
};

function servers(state: State): Stored<Node>[] {
  return memberNodes(state).filter(({ name }) => isServer(state, name));
}

function isLeader(state: State, node: Node): boolean {
  return serverAddress(state, node) === serverAddresses(state)[0];
}

function serverShape(state: State, node: Node): GoStruct {
  return {
    ID: node.id,
    Node: node.name,
    Address: serverAddress(state, node),
    Leader: isLeader(state, node),
    ProtocolVersion: '3',
    Voter: true,
  };
}

function healthShape(state: State): GoStruct {
  const shown = servers(state).map((node) => {
    const isAlive = serfStatus(state, node.name) === 'passing';
    return {
      ID: node.id,
      Name: node.name,
      Address: serverAddress(state, node),
      SerfStatus: isAlive ? 'alive' : 'failed',
      Version: CONSUL_VERSION,
      Leader: isLeader(state, node),
      LastContact: '0s',
      LastTerm: 1,
      LastIndex: state.revision,
      Healthy: isAlive,
      Voter: true,
      StableSince: '1970-01-01T00:00:00Z',
    };
  });
  const alive = shown.filter(({ Healthy }) => Healthy).length;
  // The state is in the store: one node that lives is enough.
  return {
    Healthy: alive === shown.length && alive > 0,
    FailureTolerance: Math.max(0, alive - 1),
    Servers: shown,
  };
}

function usageShape(state: State, datacenter: string): GoStruct {
  const names = new Set<string>();
  const mesh = new Map(MESH_KINDS.map((kind) => [kind, 0]));
  let billable = 0;
  for (const { service, extensions } of state.instances.values()) {
    names.add(service);
    const kind = kindOf(extensions?.['consul']);
    if (mesh.has(kind)) mesh.set(kind, (mesh.get(kind) ?? 0) + 1);
    else if (service !== REGISTRY_SERVICE) billable++;
  }
  const usage = {
    Services: names.size,
    ServiceInstances: state.instances.size,
    ConnectServiceInstances: mesh,
    BillableServiceInstances: billable,
    Nodes: state.nodes.size,
  };
  return {
    Usage: new Map([[datacenter, usage]]),
    Index: Math.max(1, state.revision),
    LastContact: 0,
    KnownLeader: true,
    ConsistencyLevel: 'leader',
    NotModified: false,
    Backend: 0,
    ResultsFilteredByACLs: false,
  };
}

function kindOf(extension: unknown): string {
  const { Kind } = (extension ?? {}) as { readonly Kind?: unknown };
  return typeof Kind === 'string' ? Kind : '';
}

/** Takes a dead registry node out of the catalog; one that lives comes back by itself. */
async function removePeer({ registry }: ConsulContext, { query }: RouteRequest): Promise<RouteResponse> {
  requireDatacenter(query, registry.identity.datacenter);
  const id = query.get('id') ?? '';
  const address = query.get('address') ?? '';
  if (id === '' && address === '')
    throw badRequest(
      "Must specify either ?id with the server's ID or ?address with IP:port of peer to remove",
    );
  if (id !== '' && address !== '') throw badRequest('Must specify only one of ?id or ?address');
  const { state } = registry;
  const found = servers(state).find((node) => node.id === id || serverAddress(state, node) === address);
  if (found === undefined) {
    const what = id === '' ? `address "${address}"` : `id "${id}"`;
    throw new ConsulError(500, `${what} was not found in the Raft configuration`);
  }
  await registry.catalog.deregisterNode(found.name);
  return emptyAnswer();
}
