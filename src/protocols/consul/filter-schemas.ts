import type { FilterField, FilterSchema } from '../../core/index.ts';

// The fields that `?filter` knows of each answer. Revisions, definitions, localities and free-form
// configuration are not among them.

const STRINGS: FilterField = { list: 'string' };
const STRING_MAP: FilterField = { map: 'string' };
const ADDRESS_MAP: FilterField = { map: { struct: { Address: 'string', Port: 'int' } } };
const WEIGHTS: FilterField = { struct: { Passing: 'int', Warning: 'int' } };
const MESH_GATEWAY: FilterField = { struct: { Mode: 'string' } };
const CONNECT: FilterField = { struct: { Native: 'bool' } };

const UPSTREAM: FilterSchema = {
  DestinationType: 'string',
  DestinationNamespace: 'string',
  DestinationPartition: 'string',
  DestinationPeer: 'string',
  DestinationName: 'string',
  Datacenter: 'string',
  LocalBindAddress: 'string',
  LocalBindPort: 'int',
  LocalBindSocketPath: 'string',
  LocalBindSocketMode: 'string',
  MeshGateway: MESH_GATEWAY,
};

const EXPOSED_PATH: FilterSchema = {
  ListenerPort: 'int',
  Path: 'string',
  LocalPathPort: 'int',
  Protocol: 'string',
  ParsedFromCheck: 'bool',
};

const PROXY: FilterField = {
  struct: {
    EnvoyExtensions: {
      list: { struct: { Name: 'string', Required: 'bool', ConsulVersion: 'string', EnvoyVersion: 'string' } },
    },
    DestinationServiceName: 'string',
    DestinationServiceID: 'string',
    LocalServiceAddress: 'string',
    LocalServicePort: 'int',
    LocalServiceSocketPath: 'string',
    Mode: 'string',
    Upstreams: { list: { struct: UPSTREAM } },
    MeshGateway: MESH_GATEWAY,
    Expose: { struct: { Checks: 'bool', Paths: { list: { struct: EXPOSED_PATH } } } },
    TransparentProxy: { struct: { OutboundListenerPort: 'int', DialedDirectly: 'bool' } },
    AccessLogs: {
      struct: {
        Enabled: 'bool',
        DisableListenerLogs: 'bool',
        Type: 'string',
        Path: 'string',
        JSONFormat: 'string',
        TextFormat: 'string',
      },
    },
  },
};

/** Of `catalog/nodes`, and `Node` of the health endpoints. */
export const NODE_SCHEMA: FilterSchema = {
  ID: 'string',
  Node: 'string',
  Address: 'string',
  Datacenter: 'string',
  Partition: 'string',
  PeerName: 'string',
  TaggedAddresses: STRING_MAP,
  Meta: STRING_MAP,
};

/** Of `catalog/service` and `catalog/services`. */
export const SERVICE_NODE_SCHEMA: FilterSchema = {
  ID: 'string',
  Node: 'string',
  Address: 'string',
  Datacenter: 'string',
  TaggedAddresses: STRING_MAP,
  NodeMeta: STRING_MAP,
  ServiceKind: 'string',
  ServiceID: 'string',
  ServiceName: 'string',
  ServiceTags: STRINGS,
  ServiceAddress: 'string',
  ServiceTaggedAddresses: ADDRESS_MAP,
  ServiceWeights: WEIGHTS,
  ServiceMeta: STRING_MAP,
  ServicePort: 'int',
  ServiceSocketPath: 'string',
  ServiceEnableTagOverride: 'bool',
  ServiceProxy: PROXY,
  ServiceConnect: CONNECT,
  PeerName: 'string',
};

/** Of the services in `agent/services`, `catalog/node` and `catalog/node-services`, and `Service` of the health endpoints. */
export const NODE_SERVICE_SCHEMA: FilterSchema = {
  Kind: 'string',
  ID: 'string',
  Service: 'string',
  Tags: STRINGS,
  Address: 'string',
  TaggedAddresses: ADDRESS_MAP,
  Meta: STRING_MAP,
  Port: 'int',
  SocketPath: 'string',
  Weights: WEIGHTS,
  EnableTagOverride: 'bool',
  Proxy: PROXY,
  Connect: CONNECT,
  PeerName: 'string',
};

/** Of `agent/checks`, `health/checks`, `health/node` and `health/state`. */
export const HEALTH_CHECK_SCHEMA: FilterSchema = {
  Node: 'string',
  CheckID: 'string',
  Name: 'string',
  Status: 'string',
  Notes: 'string',
  Output: 'string',
  ServiceID: 'string',
  ServiceName: 'string',
  ServiceTags: STRINGS,
  Type: 'string',
  Interval: 'string',
  Timeout: 'string',
  ExposedPort: 'int',
  PeerName: 'string',
};

/** Of `health/service`, `health/connect` and `health/ingress`. */
export const CHECK_SERVICE_NODE_SCHEMA: FilterSchema = {
  Node: { struct: NODE_SCHEMA },
  Service: { struct: NODE_SERVICE_SCHEMA },
  Checks: { list: { struct: HEALTH_CHECK_SCHEMA } },
};

/** Of `agent/members`; `Addr`, which Consul compares byte by byte, is left out. */
export const MEMBER_SCHEMA: FilterSchema = {
  Name: 'string',
  Port: 'uint16',
  Tags: STRING_MAP,
  Status: 'int',
  ProtocolMin: 'uint8',
  ProtocolMax: 'uint8',
  ProtocolCur: 'uint8',
  DelegateMin: 'uint8',
  DelegateMax: 'uint8',
  DelegateCur: 'uint8',
};
