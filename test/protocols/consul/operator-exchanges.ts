import type { Exchange, Expected } from './exchange.ts';

function refused(status: number, body: string): Expected {
  return { status, body, headers: { 'Content-Type': 'text/plain; charset=utf-8' } };
}

function json(body: string): Expected {
  return { status: 200, body, headers: { 'Content-Type': 'application/json' } };
}

function found(body: string): Expected {
  return { ...json(body), meta: 'kv' };
}

/** 1.8.7 says so before its own errors of 400. */
function bad(reason: string): Pick<Exchange, 'answer' | 'consul187'> {
  return { answer: refused(400, reason), consul187: { body: `Bad request: ${reason}` } };
}

const ACL_OFF = refused(401, 'ACL support disabled');

const aclOff: readonly Exchange[] = [
  ...[
    ...[
      'policies',
      'policy/x',
      'policy/name/x',
      'roles',
      'role/x',
      'role/name/x',
      'tokens',
      'token/self',
      'token/x',
    ],
    ...['binding-rules', 'binding-rule/x', 'auth-methods', 'auth-method/x', 'replication', 'list', 'info/x'],
  ].map((path) => `GET /v1/acl/${path}`),
  ...[
    'bootstrap',
    'policy',
    'policy/x',
    'role',
    'role/x',
    'token',
    'token/x',
    'token/x/clone',
    'binding-rule',
  ].map((path) => `PUT /v1/acl/${path}`),
  ...['binding-rule/x', 'auth-method', 'auth-method/x', 'create', 'update', 'destroy/x', 'clone/x'].map(
    (path) => `PUT /v1/acl/${path}`,
  ),
  ...['policy/x', 'role/x', 'token/x', 'binding-rule/x', 'auth-method/x'].map(
    (path) => `DELETE /v1/acl/${path}`,
  ),
  ...[
    'POST /v1/acl/login',
    'POST /v1/acl/logout',
    'POST /v1/internal/acl/authorize',
    'PUT /v1/agent/token/default',
  ],
].map((send) => ({ send, body: {}, answer: ACL_OFF }));

const notFound = (send: string): Exchange => ({
  send,
  answer: refused(404, 'Invalid URL path: not a recognized HTTP API endpoint\n'),
  consul187: { body: '', headers: undefined },
});

const unknown: readonly Exchange[] = [
  notFound('GET /v1/acl/bogus'),
  notFound('GET /v1/bogus'),
  notFound('GET /v1/operator/area'),
  notFound('GET /v1/operator/license'),
  notFound('GET /v1/namespaces'),
  notFound('GET /v1/partitions'),
  { send: 'POST /v1/config', body: '', answer: refused(405, 'method POST not allowed') },
  {
    send: 'OPTIONS /v1/acl/policy/x',
    answer: { status: 200, body: '', headers: { Allow: 'OPTIONS,GET,PUT,DELETE' } },
  },
];

const mesh: readonly Exchange[] = [
  { send: 'GET /v1/connect/intentions', answer: found('[]') },
  { send: 'GET /v1/connect/intentions/match?by=source&name=x', answer: json('{"x":null}') },
  {
    send: 'GET /v1/connect/intentions/check?source=a&destination=b',
    answer: json('{"Allowed":true}'),
  },
  { send: 'GET /v1/connect/intentions/match', answer: refused(500, "required query parameter 'by' not set") },
  {
    send: 'GET /v1/connect/intentions/check',
    answer: refused(500, "required query parameter 'source' not set"),
  },
];

const entry = (kind: string, name: string, rest: string): string =>
  `{"Kind":"${kind}","Name":"${name}"${rest},"CreateIndex":0,"ModifyIndex":0}`;
const WEB = entry('service-defaults', 'web', ',"Protocol":"http","MeshGateway":{},"Expose":{}');

const configEntries: readonly Exchange[] = [
  { send: 'GET /v1/config', answer: refused(405, 'method GET not allowed') },
  { send: 'GET /v1/config/', answer: found('[]') },
  { send: 'GET /v1/config/service-router', answer: found('[]') },
  {
    send: 'GET /v1/config/bogus',
    answer: refused(400, 'invalid config entry kind: bogus'),
    consul187: { status: 500 },
  },
  {
    send: 'GET /v1/config/service-defaults/absent',
    answer: { ...refused(404, 'Config entry not found for "service-defaults" / "absent"'), meta: 'kv' },
  },
  {
    send: 'PUT /v1/config',
    body: { Kind: 'service-defaults', Name: 'web', Protocol: 'http' },
    answer: json('true'),
  },
  { send: 'GET /v1/config/service-defaults/web', answer: found(WEB) },
  { send: 'GET /v1/config/service-defaults', answer: found(`[${WEB}]`) },
  {
    send: 'PUT /v1/config?cas=0',
    body: { Kind: 'service-defaults', Name: 'web', Protocol: 'http2' },
    answer: json('false'),
  },
  { send: 'PUT /v1/config?cas=0', body: { Kind: 'service-defaults', Name: 'api' }, answer: json('true') },
  {
    send: 'PUT /v1/config?cas=x',
    body: { Kind: 'service-defaults', Name: 'web' },
    answer: refused(500, 'strconv.ParseUint: parsing "x": invalid syntax'),
  },
  {
    send: 'PUT /v1/config',
    body: {
      kind: 'service-resolver',
      name: 'w',
      default_subset: 'v1',
      Subsets: { v1: { Filter: 'Service.Port == 1' } },
    },
    answer: json('true'),
  },
  {
    send: 'GET /v1/config/service-resolver/w',
    answer: found(
      entry('service-resolver', 'w', ',"DefaultSubset":"v1","Subsets":{"v1":{"Filter":"Service.Port == 1"}}'),
    ),
  },
  { send: 'PUT /v1/config', body: { Kind: 'proxy-defaults', Config: { a: 1 } }, answer: json('true') },
  {
    send: 'GET /v1/config/proxy-defaults/global',
    answer: found(entry('proxy-defaults', 'global', ',"Config":{"a":1},"MeshGateway":{},"Expose":{}')),
  },
  {
    send: 'PUT /v1/config',
    body: { Kind: 'bogus' },
    ...bad('Request decoding failed: invalid config entry kind: bogus'),
  },
  {
    send: 'PUT /v1/config',
    body: { Name: 'web' },
    ...bad('Request decoding failed: Payload does not contain a kind/Kind key at the top level'),
  },
  {
    send: 'PUT /v1/config',
    body: { Kind: 5 },
    ...bad('Request decoding failed: Kind value in payload is not a string'),
  },
  { send: 'PUT /v1/config', body: '', ...bad('Request decoding failed: EOF') },
  { send: 'PUT /v1/config', body: '{', ...bad('Request decoding failed: unexpected EOF') },
  { send: 'PUT /v1/config', body: [], ...bad("Request decoding failed: '' expected a map, got 'slice'") },
  { send: 'PUT /v1/config', body: { Kind: 'service-router' }, answer: refused(500, 'Name is required') },
  { send: 'DELETE /v1/config/service-defaults/web', answer: json('{}') },
  { send: 'DELETE /v1/config/service-defaults/web', answer: json('{}') },
  { send: 'GET /v1/config/service-defaults/web', answer: { status: 404, meta: 'kv' } },
  {
    send: 'DELETE /v1/config/service-defaults',
    answer: refused(404, 'Must provide both a kind and name to delete'),
  },
  { send: 'DELETE /v1/config/bogus/x', answer: refused(400, 'invalid config entry kind: bogus') },
  {
    send: 'DELETE /v1/config/constructor/x',
    answer: refused(400, 'invalid config entry kind: constructor'),
  },
  {
    send: 'PUT /v1/config',
    body: '{"Kind":"__proto__","Name":"API"}',
    ...bad('Request decoding failed: invalid config entry kind: __proto__'),
  },
  { send: 'GET /v1/config/service-defaults?dc=zz', answer: { status: 500, body: 'No path to datacenter' } },
];

const update = (body: unknown, answer: Expected): Exchange => ({
  send: 'PUT /v1/coordinate/update',
  body,
  answer,
});
const point = (vec: readonly number[]) => ({ Vec: vec, Error: 1.5, Adjustment: 0, Height: 0.00001 });

const coordinates: readonly Exchange[] = [
  {
    send: 'GET /v1/coordinate/nodes?segment=x',
    answer: { ...json('[]'), meta: 'leader' },
    consul187: { meta: 'kv' },
  },
  {
    send: 'GET /v1/coordinate/node/nope',
    answer: { status: 404, body: '', meta: 'kv' },
    consul187: { meta: undefined },
  },
  update({ Node: '$AGENT', Coord: point([0.5, 0, 0, 0, 0, 0, 0, 0]) }, { status: 200, body: '' }),
  update({ Node: 'nope', Coord: point([0.5, 0, 0, 0, 0, 0, 0, 0]) }, { status: 200, body: '' }),
  update({ Node: '$AGENT', Coord: point([0.5]) }, refused(500, 'incompatible coordinate')),
  update('', refused(400, 'Request decode failed: EOF')),
];

const operator: readonly Exchange[] = [
  { send: 'GET /v1/operator/raft/configuration?dc=zz', answer: refused(500, 'No path to datacenter') },
  { send: 'GET /v1/operator/raft/peer', answer: refused(405, 'method GET not allowed') },
  {
    send: 'DELETE /v1/operator/raft/peer',
    ...bad("Must specify either ?id with the server's ID or ?address with IP:port of peer to remove"),
  },
  {
    send: 'DELETE /v1/operator/raft/peer?id=x&address=y',
    ...bad('Must specify only one of ?id or ?address'),
  },
  {
    send: 'DELETE /v1/operator/raft/peer?id=x',
    answer: refused(500, 'id "x" was not found in the Raft configuration'),
  },
  {
    send: 'DELETE /v1/operator/raft/peer?address=1.2.3.4:5',
    answer: refused(500, 'address "1.2.3.4:5" was not found in the Raft configuration'),
  },
];

const snapshots: readonly Exchange[] = [
  { send: 'PUT /v1/snapshot', body: '', answer: refused(500, 'failed to decompress snapshot: EOF') },
  {
    send: 'PUT /v1/snapshot',
    body: 'garbage',
    answer: refused(500, 'failed to decompress snapshot: unexpected EOF'),
  },
  {
    send: 'PUT /v1/snapshot',
    body: 'garbage that is long enough',
    answer: refused(500, 'failed to decompress snapshot: gzip: invalid header'),
  },
  { send: 'PUT /v1/snapshot?dc=zz', body: '', answer: refused(500, 'No path to datacenter') },
  { send: 'GET /v1/snapshot?dc=zz', answer: { status: 500, body: 'No path to datacenter' } },
  {
    send: 'GET /v1/snapshot',
    answer: { status: 200, meta: 'kv', headers: { 'Content-Type': 'application/x-gzip' } },
  },
];

export const operatorExchanges: Readonly<Record<string, readonly Exchange[]>> = {
  'access control that is off': aclOff,
  'paths that nobody knows': unknown,
  'a mesh that is off': mesh,
  'config entries': configEntries,
  coordinates,
  operator,
  snapshots,
};
