import type { Exchange, Expected } from './exchange.ts';

const DONE: Expected = { status: 200, body: '' };

function refused(status: number, body: string): Expected {
  return { status, body, headers: { 'Content-Type': 'text/plain; charset=utf-8' } };
}

const get = (path: string, body: unknown): Exchange => ({
  send: `GET /v1/agent/${path}`,
  answer: { status: 200, body: JSON.stringify(body) },
});
const register = (body: unknown, answer = DONE): Exchange => ({
  send: 'PUT /v1/agent/service/register',
  body,
  answer,
});

/** A registration that is refused for a list of reasons, which later versions introduce. */
function invalid(body: unknown, ...reasons: string[]): Exchange {
  const heading = reasons.length === 1 ? '1 error occurred:' : `${String(reasons.length)} errors occurred:`;
  const list = [heading, ...reasons.map((each) => `\t* ${each}`)].join('\n') + '\n\n';
  return { ...register(body, refused(400, `Validation failed: ${list}`)), consul187: { body: list } };
}

/** A definition of a sidecar that is refused; 1.8.7 answered 500. */
function refusedSidecar(sidecar: unknown, text: string): Exchange {
  return {
    ...register({ Name: 'a', Connect: { SidecarService: sidecar } }, refused(400, text)),
    consul187: { status: 500, body: `Bad request: ${text}` },
  };
}

const proxy = (fields: Record<string, unknown>, proxied: Record<string, unknown> = {}) => ({
  Name: 'p',
  Kind: 'connect-proxy',
  Port: 1,
  Proxy: { DestinationServiceName: 'x', ...proxied },
  ...fields,
});
const upstreams = (...Upstreams: unknown[]) => proxy({}, { Upstreams });

const WEIGHTS = { Weights: { Passing: 1, Warning: 1 }, EnableTagOverride: false };
const WEB = {
  ID: 'web',
  Service: 'web',
  Tags: [],
  Meta: {},
  Port: 80,
  Address: '',
  ...WEIGHTS,
  Datacenter: 'dc1',
};

function sidecar(fields: Record<string, unknown>, proxied: Record<string, unknown>) {
  return {
    Kind: 'connect-proxy',
    ID: 'web-sidecar-proxy',
    Service: 'web-sidecar-proxy',
    Tags: [],
    Meta: {},
    Port: 21000,
    Address: '',
    ...fields,
    ...WEIGHTS,
    Proxy: {
      DestinationServiceName: 'web',
      DestinationServiceID: 'web',
      LocalServiceAddress: '127.0.0.1',
      LocalServicePort: 80,
      ...proxied,
      MeshGateway: {},
      Expose: {},
    },
    Datacenter: 'dc1',
  };
}

const UPSTREAM = { DestinationName: 'db', LocalBindPort: 9191, Config: { z: 1, a: [{ y: 1, x: 2 }] } };
const UPSTREAM_SHOWN = {
  DestinationType: 'service',
  DestinationName: 'db',
  LocalBindPort: 9191,
  Config: { a: [{ x: 2, y: 1 }], z: 1 },
  MeshGateway: {},
};

/** Proxies of the mesh: registered, shown and validated, and acted on by nobody here. */
export const sidecarExchanges: Readonly<Record<string, readonly Exchange[]>> = {
  'agent: sidecars': [
    register({ Name: 'web', Port: 80, Connect: { SidecarService: {} } }),
    get('services', { web: WEB, 'web-sidecar-proxy': sidecar({}, {}) }),
    register({ Name: 'web', Port: 80, Connect: { SidecarService: {} } }),
    register({
      ID: 'w2',
      Name: 'w',
      Connect: { SidecarService: { Check: { TTL: '1h', Status: 'passing' } } },
    }),
    {
      send: 'GET /v1/agent/health/service/id/w2-sidecar-proxy?format=text',
      answer: { status: 200, body: 'passing' },
    },
    { send: 'PUT /v1/agent/service/deregister/w2', body: '', answer: DONE },
    get('services', { web: WEB, 'web-sidecar-proxy': sidecar({}, {}) }),
    { send: 'PUT /v1/agent/service/deregister/web', body: '', answer: DONE },
    get('services', {}),
    get('checks', {}),
    register({
      Name: 'web',
      Port: 80,
      Tags: ['t'],
      Meta: { a: 'b' },
      Connect: {
        sidecar_service: {
          Port: 2222,
          Name: 'other',
          Check: { TTL: '1h' },
          Proxy: { destination_service_name: 'else', Config: { b: 1, a: 2 }, Upstreams: [UPSTREAM] },
        },
      },
    }),
    get('services', {
      web: { ...WEB, Tags: ['t'], Meta: { a: 'b' } },
      'web-sidecar-proxy': sidecar(
        { Service: 'other', Tags: ['t'], Meta: { a: 'b' }, Port: 2222 },
        {
          DestinationServiceName: 'else',
          Config: { a: 2, b: 1 },
          Upstreams: [UPSTREAM_SHOWN],
        },
      ),
    }),
    { send: 'PUT /v1/agent/service/deregister/web', body: '', answer: DONE },
    invalid(
      { Name: 'a', Connect: { SidecarService: { ID: 'q' } } },
      'A SidecarService cannot specify an ID as this is managed by the agent',
    ),
    invalid(
      { Name: 'a', Connect: { SidecarService: { Connect: { SidecarService: {} } } } },
      'A SidecarService cannot have a nested SidecarService',
    ),
    refusedSidecar(
      { Check: { TTL: '10s', Interval: '1s' } },
      'Invalid check in sidecar_service: Interval and TTL cannot both be specified',
    ),
    refusedSidecar(
      { Meta: { 'consul-a': 'b' } },
      "Invalid SidecarService: Couldn't load metadata pair ('consul-a', 'b'): Key prefix 'consul-' is reserved for internal use",
    ),
    get('services', {}),
  ],
  'agent: proxies': [
    invalid(
      { Name: 'p', Kind: 'connect-proxy' },
      'Proxy.DestinationServiceName must be non-empty for Connect proxy services',
      'Port must be set for a Connect proxy',
    ),
    invalid(
      proxy({ Connect: { Native: true } }),
      'A Proxy cannot also be Connect Native, only typical services',
    ),
    invalid(
      upstreams({ DestinationName: '', LocalBindPort: 1 }),
      'upstream destination name cannot be empty',
    ),
    invalid(upstreams({ DestinationName: 'a' }), 'upstream local bind port cannot be zero'),
    invalid(
      upstreams({ DestinationName: 'a', LocalBindPort: 1 }, { DestinationName: 'b', LocalBindPort: 1 }),
      'upstreams cannot contain duplicates by local bind address and port; "127.0.0.1:1" is specified twice',
    ),
    invalid(
      upstreams({ DestinationName: 'a', LocalBindPort: 1 }, { DestinationName: 'a', LocalBindPort: 2 }),
      'upstreams cannot contain duplicates of [type="service", name="a", namespace="", datacenter=""]',
    ),
    invalid(
      upstreams({ DestinationType: 'zz', DestinationName: 'a', LocalBindPort: 1 }),
      'unknown upstream destination type: "zz"',
    ),
    invalid({ Kind: 'mesh-gateway', Name: 'g' }, 'Port must be non-zero for a mesh-gateway'),
    invalid(
      { Kind: 'mesh-gateway', Name: 'g', Port: 1, Proxy: { DestinationServiceName: 'x' } },
      'The Proxy.DestinationServiceName configuration is invalid for a mesh-gateway',
    ),
    invalid(
      { Kind: 'ingress-gateway', Name: 'g', Port: 1, Proxy: { LocalServicePort: 1 } },
      'The Proxy.LocalServicePort configuration is invalid for a ingress-gateway',
    ),
    register({ Name: 'p', Proxy: { DestinationServiceName: 'x' } }),
    get('services', { p: { ...WEB, ID: 'p', Service: 'p', Port: 0 } }),
    { send: 'PUT /v1/agent/service/deregister/p', body: '', answer: DONE },
    register(
      { Name: 'x', Check: { Name: 5 } },
      refused(
        400,
        'Request decode failed: json: cannot unmarshal number into Go struct field .Check of type string',
      ),
    ),
    register(
      { Name: 'x', Checks: [{ Name: 5 }] },
      refused(
        400,
        'Request decode failed: json: cannot unmarshal number into Go struct field .Checks of type string',
      ),
    ),
    register(
      { Name: 'x', Proxy: { LocalServicePort: 'x' } },
      refused(
        400,
        'Request decode failed: json: cannot unmarshal string into Go struct field .Proxy of type int',
      ),
    ),
    register(
      { Name: 'x', Connect: { SidecarService: { Port: 'x' } } },
      refused(
        400,
        'Request decode failed: json: cannot unmarshal string into Go struct field .Connect of type int',
      ),
    ),
    register(
      { Name: 'x', Connect: { Native: 'x' } },
      refused(
        400,
        'Request decode failed: json: cannot unmarshal string into Go struct field .Connect of type bool',
      ),
    ),
    get('services', {}),
  ],
};
