import type { Exchange, Expected } from './exchange.ts';

const DONE: Expected = { status: 200, body: '' };

function refused(status: number, body: string): Expected {
  return { status, body, headers: { 'Content-Type': 'text/plain; charset=utf-8' } };
}

const get = (path: string, answer: Expected, headers?: Record<string, string>): Exchange => ({
  send: `GET /v1/agent/${path}`,
  answer,
  ...(headers === undefined ? {} : { headers }),
});
const put = (path: string, answer = DONE, body: unknown = ''): Exchange => ({
  send: `PUT /v1/agent/${path}`,
  body,
  answer,
});

/** An answer that tells a status, in JSON. */
function told(status: number, reason: string, body: unknown): Expected {
  return {
    status,
    body: JSON.stringify(body),
    headers: { 'Content-Type': 'application/json', 'X-Consul-Reason': reason },
  };
}

/** The same as text. */
function said(status: number, reason: string): Expected {
  return { status, body: reason, headers: { 'Content-Type': 'text/plain', 'X-Consul-Reason': reason } };
}

function service(ID: string) {
  return {
    ID,
    Service: 'm',
    Tags: ['t'],
    Meta: {},
    Port: 0,
    Address: '',
    Weights: { Passing: 1, Warning: 1 },
    EnableTagOverride: false,
    Datacenter: 'dc1',
  };
}

const EMPTY_DEFINITION = {
  Interval: '0s',
  Timeout: '0s',
  DeregisterCriticalServiceAfter: '0s',
  HTTP: '',
  Header: null,
  Method: '',
  Body: '',
  TLSServerName: '',
  TLSSkipVerify: false,
  TCP: '',
  TCPUseTLS: false,
  UDP: '',
  GRPC: '',
  OSService: '',
  GRPCUseTLS: false,
};

function check(fields: Record<string, unknown>) {
  const shown = {
    Node: '$AGENT',
    CheckID: 'service:m1',
    Name: "Service 'm' check",
    Status: 'passing',
    Notes: '',
    Output: '',
    ServiceID: 'm1',
    ServiceName: 'm',
    ServiceTags: ['t'],
    Type: '',
    ExposedPort: 0,
    Definition: EMPTY_DEFINITION,
    CreateIndex: 0,
    ModifyIndex: 0,
  };
  return { ...shown, ...fields };
}

const MAINTENANCE = {
  CheckID: '_service_maintenance:m1',
  Name: 'Service Maintenance Mode',
  Status: 'critical',
  Notes: 'for a reason',
};
const NODE_MAINTENANCE = {
  CheckID: '_node_maintenance',
  Name: 'Node Maintenance Mode',
  Status: 'critical',
  Notes: 'Maintenance mode is enabled for this node, but no reason was provided. This is a default message.',
  ServiceID: '',
  ServiceName: '',
  ServiceTags: null,
};

function listed(fields: Record<string, unknown>) {
  const { Definition: _empty, Type: _type, ExposedPort: _port, ...shown } = check(fields);
  const { CreateIndex, ModifyIndex, ...named } = {
    ...shown,
    ServiceTags: fields['ServiceID'] === '' ? [] : ['t'],
  };
  const rest = { Type: 'maintenance', Interval: '', Timeout: '', ExposedPort: 0, Definition: {} };
  return { ...named, ...rest, CreateIndex, ModifyIndex };
}

function health(status: string, ID: string, ...checks: Record<string, unknown>[]) {
  return { AggregatedStatus: status, Service: service(ID), Checks: checks.map(check) };
}

const UNKNOWN = refused(
  404,
  'Unknown service ID "zz". Ensure that the service ID is passed, not the service name.',
);
const UNKNOWN_187 = { body: 'No service registered with ID "zz"' };
const NOWHERE = { AggregatedStatus: 'critical', Service: null, Checks: null };

/** Maintenance mode, and health as load balancers ask for it. */
export const maintenanceExchanges: Readonly<Record<string, readonly Exchange[]>> = {
  'agent: health': [
    put('service/register', DONE, {
      ID: 'm1',
      Name: 'm',
      Tags: ['t'],
      Check: { TTL: '1h', Status: 'passing' },
    }),
    get('health/service/id/m1', told(200, 'passing', health('passing', 'm1', {}))),
    get('health/service/id/m1?format=text', said(200, 'passing')),
    get('health/service/name/m', told(200, 'passing', [health('passing', 'm1', {})])),
    put('check/warn/service:m1?note=slow'),
    get(
      'health/service/id/m1',
      told(429, 'warning', health('warning', 'm1', { Status: 'warning', Output: 'slow' })),
    ),
    get('health/service/name/m', said(429, 'warning'), { Accept: 'text/plain' }),
    get('health/service/name/m?format=text', said(429, 'warning')),
    put('service/register', DONE, { ID: 'm0', Name: 'm', Tags: ['t'] }),
    get('health/service/id/m0', told(200, 'passing', health('passing', 'm0'))),
    get('health/service/name/m?format=text', said(429, 'warning')),
    put('check/fail/service:m1'),
    get('health/service/id/m1', said(503, 'critical'), { Accept: 'text/plain; charset=utf-8' }),
    get('health/service/name/m?format=text', said(503, 'critical')),
    put('service/deregister/m0'),
    put('check/pass/service:m1'),
    get('health/service/id/zz', told(404, 'ServiceId zz not found', NOWHERE)),
    get('health/service/id/zz?format=text', told(404, 'ServiceId zz not found', 'ServiceId zz not found')),
    get('health/service/name/zz', told(404, 'ServiceName zz Not Found', [])),
    get('health/service/name/zz?format=text', said(404, 'ServiceName zz Not Found')),
    {
      ...get('health/service/id/', refused(400, 'Missing serviceID')),
      consul187: { status: 500, body: 'Bad request: Missing serviceID' },
    },
    {
      ...get('health/service/name/', refused(400, 'Missing service Name')),
      consul187: { status: 500, body: 'Bad request: Missing service Name' },
    },
  ],
  'agent: maintenance of a service': [
    put('service/maintenance/', refused(400, 'Missing service ID')),
    put('service/maintenance/zz', refused(400, 'Missing value for enable')),
    put('service/maintenance/zz?enable=foo', refused(400, 'Invalid value for enable: "foo"')),
    put('service/maintenance/zz?enable=', refused(400, 'Invalid value for enable: ""')),
    { ...put('service/maintenance/zz?enable=true', UNKNOWN), consul187: UNKNOWN_187 },
    { ...put('service/maintenance/zz?enable=false', UNKNOWN), consul187: UNKNOWN_187 },
    put('service/maintenance/m1?enable=true&reason=for+a+reason'),
    put('service/maintenance/m1?enable=1&reason=another'),
    put('check/deregister/service:m1'),
    get(
      'health/service/id/m1',
      told(503, 'maintenance', health('maintenance', 'm1', { ...MAINTENANCE, Output: '' })),
    ),
    get('health/service/name/m?format=text', said(503, 'maintenance')),
    get('checks', {
      status: 200,
      body: JSON.stringify({ [MAINTENANCE.CheckID]: listed(MAINTENANCE) }),
    }),
    put('service/maintenance/m1?enable=false'),
    put('service/maintenance/m1?enable=F'),
    get('checks', { status: 200, body: '{}' }),
  ],
  'agent: maintenance of the node': [
    put('maintenance', refused(400, 'Missing value for enable')),
    put('maintenance?enable=zz', refused(400, 'Invalid value for enable: "zz"')),
    put('maintenance?enable=true'),
    get('checks', {
      status: 200,
      body: JSON.stringify({ [NODE_MAINTENANCE.CheckID]: listed(NODE_MAINTENANCE) }),
    }),
    get('health/service/id/m1', told(503, 'maintenance', health('maintenance', 'm1', NODE_MAINTENANCE))),
    put('maintenance?enable=false'),
    put('maintenance?enable=false'),
    get('health/service/id/m1?format=text', said(200, 'passing')),
    put('service/deregister/m1'),
    get('checks', { status: 200, body: '{}' }),
  ],
};
