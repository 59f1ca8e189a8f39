import { topics, type Query, type State } from '../../core/index.ts';
import type { Route } from '../../http/index.ts';
import { isPretty, jsonAnswer } from './answers.ts';
import { get, type ConsulContext } from './context.ts';
import { MEMBER_SCHEMA } from './filter-schemas.ts';
import { formatGoDuration } from './go-duration.ts';
import { goMap, type GoStruct, type GoValue } from './go-json.ts';
import { CONSUL_VERSION, memberNodes, memberShape, serverAddresses } from './members.ts';

const ORIGIN = { Vec: [0, 0, 0, 0, 0, 0, 0, 0], Error: 1.5, Adjustment: 0, Height: 0.00001 };

/** What the agent says of itself and of the registry's nodes. */
export function agentSelfRoutes(context: ConsulContext): Route[] {
  const { registry, reader } = context;
  return [
    get('/v1/agent/self', (request) => {
      const value = ofState((state) => selfShape(context, state));
      return reader.agent(request, { query: value, encode: (self) => jsonAnswer(self, isPretty(request)) });
    }),
    get('/v1/agent/members', (request) => {
      // Compat(consul): members of the WAN pool are null where there is none.
      const isWan = request.query.has('wan');
      const value = ofState((state) =>
        isWan ? null : memberNodes(state).map((node) => memberShape(state, node, registry.identity)),
      );
      return reader.agent(request, {
        query: value,
        schema: MEMBER_SCHEMA,
        encode: (members, _state, passes) =>
          jsonAnswer(Array.isArray(members) ? members.filter(passes) : members, isPretty(request)),
      });
    }),
  ];
}

/** Anything of the whole catalog; nobody waits for it. */
function ofState(run: (state: State) => GoValue): Query<GoValue> {
  return { topics: [topics.nodes, topics.checks, topics.services], index: (state) => state.revision, run };
}

function selfShape({ registry, options }: ConsulContext, state: State): GoStruct {
  const { identity } = registry;
  const { datacenter, agentName, agentId, version } = identity;
  const node = state.node(agentName);
  const meta = goMap(node?.meta ?? {});
  const config = {
    Datacenter: datacenter,
    PrimaryDatacenter: datacenter,
    NodeName: agentName,
    NodeID: agentId,
    Revision: `rollcall-${version}`,
    Server: true,
    // Compat(consul): the agent names the version of Consul that it speaks, not its own.
    Version: CONSUL_VERSION,
    BuildDate: '1970-01-01T00:00:01Z',
  };
  return {
    Config: config,
    DebugConfig: {
      ACLsEnabled: false,
      CheckDeregisterIntervalMin: formatGoDuration(options.checkDeregisterMinMs),
      Datacenter: datacenter,
      KVMaxValueSize: options.kvMaxValueBytes,
      NodeID: agentId,
      NodeName: agentName,
      SessionTTLMin: '0s',
      Version: CONSUL_VERSION,
    },
    Coord: ORIGIN,
    Member: node === undefined ? {} : memberShape(state, node, identity),
    Stats: statsShape(state, agentName),
    Meta: meta,
    xDS: { SupportedProxies: {}, Port: -1, Ports: { Plaintext: -1, TLS: -1 } },
  };
}

/** Groups of counters; every value is text. */
function statsShape(state: State, agentName: string): GoStruct {
  const checks = [...state.checksOn(agentName).values()];
  const monitored = checks.filter(({ source }) => 'intervalMs' in source);
  const servers = serverAddresses(state);
  return {
    agent: {
      check_monitors: String(monitored.length),
      check_ttls: String(checks.filter(({ source }) => source.kind === 'ttl').length),
      checks: String(checks.length),
      services: String(state.instancesOn(agentName).size),
    },
    build: { prerelease: '', revision: '', version: CONSUL_VERSION },
    consul: {
      acl: 'disabled',
      known_datacenters: '1',
      leader: 'true',
      leader_addr: servers[0] ?? '',
      server: 'true',
    },
    raft: { applied_index: String(state.revision), commit_index: String(state.revision), state: 'Leader' },
    serf_lan: { members: String(memberNodes(state).length) },
  };
}
