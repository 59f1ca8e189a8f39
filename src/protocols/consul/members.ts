import { checkKey, instanceKey, type Node, type State, type Stored } from '../../core/index.ts';
import type { Identity } from '../../registry/index.ts';
import { goMap, type GoStruct } from './go-json.ts';

/** Version of Consul whose API is spoken here, for clients that ask before they use a part of it. */
export const CONSUL_VERSION = '1.22.0';

/** Metadata that Consul's servers have on their nodes. */
export const SERVER_NODE_META = { 'consul-network-segment': '', 'consul-version': CONSUL_VERSION };

/** Ports that Consul uses by default; nothing listens here, but members are shown with one. */
const SERF_PORT = 8301;
const RPC_PORT = 8300;
const ALIVE = 1;
const FAILED = 4;

/** Nodes whose life the registry itself watches: its own and the logical agent; by name. */
export function memberNodes(state: State): Stored<Node>[] {
  const members = [...state.nodes.values()].filter(({ name }) => serfStatus(state, name) !== undefined);
  return members.sort((a, b) => (a.name < b.name ? -1 : 1));
}

/** `address:port` of the registry's nodes that are alive, in an order that all of them agree on. */
export function serverAddresses(state: State): string[] {
  return memberNodes(state)
    .filter(({ name }) => serverPort(state, name) !== undefined && serfStatus(state, name) === 'passing')
    .map((node) => serverAddress(state, node));
}

/** `address:port` of a node of the registry. */
export function serverAddress(state: State, { name, address }: Node): string {
  return hostPort(address, serverPort(state, name) ?? RPC_PORT);
}

/** Whether a node is one of the registry's own. */
export function isServer(state: State, node: string): boolean {
  return serverPort(state, node) !== undefined;
}

/** A node as a member of Consul's gossip pool. */
export function memberShape(state: State, node: Stored<Node>, { datacenter }: Identity): GoStruct {
  const port = serverPort(state, node.name);
  const tags = {
    acls: '0',
    build: `${CONSUL_VERSION}:`,
    dc: datacenter,
    id: node.id,
    role: port === undefined ? 'node' : 'consul',
    segment: '',
    vsn: '2',
    vsn_max: '3',
    vsn_min: '2',
    ...(port === undefined ? {} : { port: String(port), raft_vsn: '3' }),
  };
  return {
    Name: node.name,
    Addr: node.address,
    Port: SERF_PORT,
    Tags: goMap(tags),
    Status: serfStatus(state, node.name) === 'critical' ? FAILED : ALIVE,
    ProtocolMin: 1,
    ProtocolMax: 5,
    ProtocolCur: 2,
    DelegateMin: 2,
    DelegateMax: 5,
    DelegateCur: 4,
  };
}

/** What is known of a member's life; undefined where the registry does not watch it. */
export function serfStatus(state: State, node: string) {
  return state.checks.get(checkKey(node, 'serfHealth'))?.status;
}

/** Port of the `consul` service on a node; undefined where it has none. */
function serverPort(state: State, node: string): number | undefined {
  return state.instances.get(instanceKey(node, 'consul'))?.port;
}

function hostPort(host: string, port: number): string {
  return `${host.includes(':') ? `[${host}]` : host}:${String(port)}`;
}
