interface Instance {
  readonly Node: {
    readonly Node: string;
    readonly Meta: Readonly<Record<string, string>> | null;
    readonly [field: string]: unknown;
  };
  readonly Service: { readonly ID: string; readonly [field: string]: unknown };
  readonly Checks: readonly unknown[];
}

/**
 * A small catalog in the shapes of Consul's answers: three nodes with an instance of `filtered` each,
 * and the services of an agent.
 */
export const INSTANCES: readonly Instance[] = [
  {
    Node: {
      ID: '5e0a7c51-0000-4000-8000-000000000001',
      Node: 'filter-1',
      Address: '10.1.0.1',
      Datacenter: 'dc1',
      TaggedAddresses: { lan: '10.1.0.1', wan: '198.51.100.1' },
      Meta: { env: 'prod', 'team.name': 'web shop', constructor: 'steel', empty: '' },
    },
    Service: {
      ID: 'web-1',
      Service: 'filtered',
      Tags: ['v1', 'blue green', 'é😀'],
      Address: '10.1.0.11',
      TaggedAddresses: {
        lan: { Address: '10.1.0.11', Port: 8080 },
        wan: { Address: '198.51.100.1', Port: 443 },
      },
      Meta: { version: '1.2.3', quote: 'say "hi"', path: 'C:\\temp' },
      Port: 8080,
      Weights: { Passing: 10, Warning: 1 },
      EnableTagOverride: true,
      Proxy: { MeshGateway: {}, Expose: {} },
      Connect: { Native: true },
    },
    Checks: [
      check('filter-1', 'memory', 'warning', 'line one\nline two'),
      check('filter-1', 'web-1-http', 'passing', 'HTTP GET http://10.1.0.11/: 200 OK', {
        ServiceID: 'web-1',
        ServiceName: 'filtered',
        ServiceTags: ['v1', 'blue green', 'é😀'],
      }),
    ],
  },
  {
    Node: {
      ID: '5e0a7c51-0000-4000-8000-000000000002',
      Node: 'filter-2',
      Address: '10.1.0.2',
      Datacenter: 'dc1',
      TaggedAddresses: null,
      Meta: null,
    },
    Service: {
      ID: 'web-2',
      Service: 'filtered',
      Tags: [],
      Address: '',
      Meta: null,
      Port: 0,
      Weights: { Passing: 1, Warning: 1 },
      EnableTagOverride: false,
      Proxy: { MeshGateway: {}, Expose: {} },
      Connect: {},
    },
    Checks: [],
  },
  {
    Node: {
      ID: '5e0a7c51-0000-4000-8000-000000000003',
      Node: 'filter-3',
      Address: '10.1.0.3',
      Datacenter: 'dc1',
      TaggedAddresses: { lan: '10.1.0.3' },
      Meta: { env: 'test' },
    },
    Service: {
      Kind: 'connect-proxy',
      ID: 'proxy-3',
      Service: 'filtered',
      Tags: ['v2'],
      Address: '10.1.0.13',
      Meta: { version: '2.0.0' },
      Port: 21000,
      Weights: { Passing: 1, Warning: 0 },
      EnableTagOverride: false,
      Proxy: {
        DestinationServiceName: 'web',
        LocalServicePort: 9000,
        Upstreams: [upstream('db', 9191), { ...upstream('queue', 9192), MeshGateway: { Mode: 'local' } }],
        MeshGateway: { Mode: 'remote' },
        Expose: {},
      },
      Connect: {},
    },
    Checks: [check('filter-3', 'disk', 'critical', '')],
  },
];

export const AGENT_SERVICES = [
  {
    ID: 'agent-1',
    Service: 'cart',
    Tags: ['v1', 'eu'],
    Meta: { owner: 'shop' },
    Port: 80,
    Address: '10.2.0.1',
    TaggedAddresses: {
      lan_ipv4: { Address: '10.2.0.1', Port: 80 },
      wan_ipv4: { Address: '10.2.0.1', Port: 80 },
    },
    Weights: { Passing: 1, Warning: 1 },
    EnableTagOverride: false,
  },
  {
    ID: 'agent-2',
    Service: 'cart',
    Tags: [],
    Meta: {},
    Port: 0,
    Address: '',
    Weights: { Passing: 5, Warning: 2 },
    EnableTagOverride: true,
  },
];

function check(node: string, id: string, status: string, output: string, service: object = {}) {
  return {
    Node: node,
    CheckID: id,
    Name: `check ${id}`,
    Status: status,
    Notes: '',
    Output: output,
    ServiceID: '',
    ServiceName: '',
    ServiceTags: [],
    Type: '',
    Definition: {},
    ...service,
  };
}

function upstream(name: string, port: number) {
  return {
    DestinationType: 'service',
    DestinationName: name,
    Datacenter: '',
    LocalBindPort: port,
    Config: null,
    MeshGateway: {},
  };
}
