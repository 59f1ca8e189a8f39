/* eslint-disable no-template-curly-in-string -- templates of prepared queries are written so */
import type { Exchange, Expected } from './exchange.ts';

const TEXT = { 'Content-Type': 'text/plain; charset=utf-8' };
const UNKNOWN_ID = 'adf4238a-882b-9ddc-4a9d-5b6758e4159e';
const UUID = 'failed prepared query lookup: index error: UUID must be 36 characters';
const WEB = { Service: { Service: 'qweb' } };

const refused = (body: string, status = 500): Expected => ({ status, body, headers: TEXT });
const unread = (body: string): Expected => ({ ...refused(body), meta: 'refused' });
const invalid = (reason: string): Expected => refused(`Invalid prepared query: ${reason}`);
const created: Expected = { status: 200, headers: { 'Content-Type': 'application/json' } };
const create = (body: unknown, answer: Expected = created): Exchange => ({
  send: 'POST /v1/query',
  body,
  answer,
});
const get = (path: string, answer: Expected): Exchange => ({ send: `GET /v1/query${path}`, answer });
const template = (fields: object, service: object): object => ({
  Template: { Type: 'name_prefix_match' },
  Service: { Service: 'x', ...service },
  ...fields,
});
const register = (node: string, status: string, tags: readonly string[]): Exchange => ({
  send: 'PUT /v1/catalog/register',
  body: {
    Node: node,
    Address: '10.8.0.1',
    NodeMeta: { on: node },
    Service: { Service: 'qweb', Tags: tags, Meta: { zone: node }, Port: 80 },
    Check: { CheckID: `${node}-c`, Name: 'c', ServiceID: 'qweb', Status: status },
  },
  answer: { status: 200, body: 'true' },
});

const META =
  '"Index":1,"LastContact":0,"KnownLeader":true,"ConsistencyLevel":"leader","NotModified":false,"Backend":0,"ResultsFilteredByACLs":false';

/** What an execution answers; its query finds the nodes in this order because it finds one at most. */
function executed(node?: string, status = '', tags = '', service = 'qweb', ttl = ''): Expected {
  const instance =
    node === undefined
      ? ''
      : `{"Node":{"ID":"","Node":"${node}","Address":"10.8.0.1","Datacenter":"dc1","TaggedAddresses":null,"Meta":{"on":"${node}"},"CreateIndex":0,"ModifyIndex":0},` +
        `"Service":{"ID":"qweb","Service":"qweb","Tags":[${tags}],"Address":"","Meta":{"zone":"${node}"},"Port":80,"Weights":{"Passing":1,"Warning":1},"EnableTagOverride":false,` +
        '"Proxy":{"Mode":"","MeshGateway":{},"Expose":{}},"Connect":{},"PeerName":"","CreateIndex":0,"ModifyIndex":0},' +
        `"Checks":[{"Node":"${node}","CheckID":"${node}-c","Name":"c","Status":"${status}","Notes":"","Output":"","ServiceID":"qweb","ServiceName":"qweb","ServiceTags":[${tags}],` +
        '"Type":"","Interval":"","Timeout":"","ExposedPort":0,"Definition":{},"CreateIndex":0,"ModifyIndex":0}]}';
  return {
    status: 200,
    body: `{"Service":"${service}","Nodes":[${instance}],"DNS":{"TTL":"${ttl}"},"Datacenter":"dc1","Failovers":0,${META}}`,
    meta: 'leader',
  };
}

/** Queries made and looked up by the names of what they find. */
const EXECUTED: readonly (readonly [query: object, expected: Expected])[] = [
  [{ Tags: ['BLUE'] }, executed('q1', 'passing', '"blue"')],
  [{ Tags: ['!blue'] }, executed('q2', 'warning', '"green"')],
  [{ Tags: ['blue', 'green'] }, executed()],
  [{ OnlyPassing: true }, executed('q1', 'passing', '"blue"')],
  [{ NodeMeta: { on: 'q2' } }, executed('q2', 'warning', '"green"')],
  [{ ServiceMeta: { zone: 'q2' } }, executed('q2', 'warning', '"green"')],
  [{ NodeMeta: { on: 'q3' } }, executed()],
  [{ NodeMeta: { on: 'q3' }, IgnoreCheckIDs: ['q3-c'] }, executed('q3', 'critical', '')],
  [{ Connect: true }, executed()],
  [{ NodeMeta: { on: 'q9' }, Failover: { NearestN: 2, Datacenters: ['dc2', 'dc1'] } }, executed()],
];

/** Texts of templates, and what they become for `zz-7`. */
const RENDERED: readonly (readonly [text: string, rendered: string])[] = [
  ['${name.full}|${name.prefix}|${name.suffix}', 'zz-7|zz-|7'],
  ['${match(0)}|${match(1)}|${match(2)}', 'zz-7|7|'],
  ['${2*3+4}', '10'],
  ['${2+3*4}', '20'],
  ['${2 + 3 * 4 - 1}', '19'],
  ['${3*(1+2)}', '9'],
  ['${ - 3}', '-3'],
  ['${10 / 3}', '3'],
  ['${10 % 3}', '1'],
  ['${7/2.0}', '3'],
  ['${1.5+1}', '2.5'],
  ['${1.0}', '1'],
  ['${"a\\"b"}', 'a"b'],
  ['${"\\n"}', '\n'],
  ['${"\\t|\\\\|\\q"}', '\\t|\\|\\q'],
  ['${"${name.full}-${1}"}', 'zz-7-1'],
  ['${"a" "b"}', 'ab'],
  ['$${name.full}', '${name.full}'],
  ['$$${name.full}', '$zz-7'],
  ['$', ''],
  ['$x', '$x'],
  ['a$$b', 'a$b'],
  ['\\${name.full}}', '\\zz-7}'],
  ['${agent.segment}', ''],
];

/** Texts that are no templates, and why. */
const UNFIT: readonly (readonly [text: string, reason: string])[] = [
  ['${name.full', 'Bad format'],
  ['${}', 'Bad format'],
  ['${"a}', 'Bad format'],
  ['${a b}', 'Bad format'],
  ['${1+}', 'Bad format'],
  ['${0x10}', 'Bad format'],
  ['}${', 'Bad format'],
  ['${nope}', '1:3: unknown variable accessed: nope'],
  ['${name-x}', '1:3: unknown variable accessed: name-x'],
  ['${foo(1)}', '1:3: unknown function called: foo'],
  ['${match(1,2)}', '1:3: match: expected 1 arguments, got 2'],
  ['${match()}', '1:3: match: expected 1 arguments, got 0'],
  ['${name.full + 1}', '__builtin_StringToInt: strconv.ParseInt: parsing "zz-": invalid syntax'],
];

function unfit(text: string, reason: string): Expected {
  const isFormat = reason === 'Bad format';
  const what = isFormat ? 'format' : 'evaluation for';
  const why = isFormat ? 'parse error: syntax error' : reason;
  return refused(`failed compiling template: Bad ${what} '${text}' in Service.Tags[0]: ${why}`);
}

const explained = (name: string, regexp: string, service: string): Expected => ({
  status: 200,
  body: `{"Query":{"ID":"$TQ","Name":"${name}","Session":"","Token":"","Template":{"Type":"name_prefix_match","Regexp":"${regexp}","RemoveEmptyTags":true},${service},"CreateIndex":0,"ModifyIndex":0},${META}}`,
  meta: 'leader',
});

const SIEVE =
  '"Service":{"Service":"web","SamenessGroup":"","Failover":{"NearestN":0,"Datacenters":["dc2","x"],"Targets":null},"OnlyPassing":false,"IgnoreCheckIDs":null,"Near":"",' +
  '"Tags":["v1"],"NodeMeta":null,"ServiceMeta":null,"Connect":false,"Peer":""},"DNS":{"TTL":"10s"}';

const KEPT = (name: string, ttl: string): Expected => ({
  status: 200,
  body:
    `[{"ID":"$KEPT","Name":"${name}","Session":"","Token":"secret","Template":{"Type":"","Regexp":"","RemoveEmptyTags":false},` +
    '"Service":{"Service":"qweb","SamenessGroup":"","Failover":{"NearestN":0,"Datacenters":null,"Targets":null},"OnlyPassing":false,"IgnoreCheckIDs":null,"Near":"",' +
    `"Tags":null,"NodeMeta":null,"ServiceMeta":null,"Connect":false,"Peer":""},"DNS":{"TTL":"${ttl}"},"CreateIndex":0,"ModifyIndex":0}]`,
  meta: 'leader',
});

/** Exchanges with prepared queries, by what they are about. */
export const queryExchanges: Readonly<Record<string, readonly Exchange[]>> = {
  'queries: refusals': [
    get('', { status: 200, body: '[]', meta: 'leader' }),
    create(WEB, invalid('Must be bound to a session')),
    create({ Name: 'r', Service: {} }, invalid('Must provide a Service name to query')),
    create(
      { Name: 'r', ...WEB, DNS: { TTL: 'x' } },
      invalid('Bad DNS TTL \'x\': time: invalid duration "x"'),
    ),
    create(
      { Name: 'r', ...WEB, DNS: { TTL: '10' } },
      invalid('Bad DNS TTL \'10\': time: missing unit in duration "10"'),
    ),
    create({ Name: 'r', ...WEB, DNS: { TTL: '-1s' } }, invalid("DNS TTL '-1000000000', must be >=0")),
    create(
      { Name: 'r', Service: { Service: 'x', Failover: { NearestN: -1 } } },
      invalid("Bad NearestN '-1', must be >= 0"),
    ),
    create(
      { Name: 'r', ...WEB, Token: '<hidden>' },
      invalid("Bad Token '<hidden>', it looks like a query definition with a redacted token was submitted"),
    ),
    create(
      { Name: 'r', Service: { Service: 'x', NodeMeta: { '': 'x' } } },
      invalid("Couldn't load metadata pair ('', 'x'): Key cannot be blank"),
    ),
    create(
      { Name: 'r', Session: 'x', ...WEB },
      refused('invalid session: index error: UUID must be 36 characters'),
    ),
    create({ Name: 'r', Session: UNKNOWN_ID, ...WEB }, refused(`invalid session "${UNKNOWN_ID}"`)),
    create(
      { ID: UNKNOWN_ID, Name: 'r', ...WEB },
      refused('ID must be empty when creating a new prepared query'),
    ),
    create('{', refused('Request decode failed: unexpected EOF', 400)),
    create('', refused('Request decode failed: EOF', 400)),
    create(
      { Name: 5 },
      refused(
        'Request decode failed: json: cannot unmarshal number into Go struct field PreparedQuery.Name of type string',
        400,
      ),
    ),
    create(
      { Name: 'r', Service: { Service: 'x', Tags: 'y' } },
      refused(
        'Request decode failed: json: cannot unmarshal string into Go struct field ServiceQuery.Service.Tags of type []string',
        400,
      ),
    ),
    { send: 'POST /v1/query?dc=x', body: { Name: 'r', ...WEB }, answer: refused('No path to datacenter') },
    get('?dc=w', unread('No path to datacenter')),
    get('/nope', unread(UUID)),
    get('/', unread(UUID)),
    get('/a/bogus', unread(UUID)),
    get(`/${UNKNOWN_ID}`, refused('Query not found', 404)),
    get('/nope/execute', refused('Query not found', 404)),
    get('/nope/explain', refused('Query not found', 404)),
    get('/nope/execute?dc=w', unread('No path to datacenter')),
    get('/nope/execute?limit=x', refused('Bad limit: strconv.Atoi: parsing "x": invalid syntax')),
    get('/nope/explain?limit=x', refused('Bad limit: strconv.Atoi: parsing "x": invalid syntax')),
    get(
      '/nope/execute?connect=x',
      refused('Error parsing \'connect\' value: strconv.ParseBool: parsing "x": invalid syntax'),
    ),
    { send: 'DELETE /v1/query/nope', answer: refused(`Prepared Query lookup failed: ${UUID}`) },
    {
      send: 'PUT /v1/query/',
      body: { Name: 'r', ...WEB },
      answer: refused(`Prepared Query lookup failed: ${UUID}`),
    },
    {
      send: `DELETE /v1/query/${UNKNOWN_ID}`,
      answer: refused(`Cannot modify non-existent prepared query: '${UNKNOWN_ID}'`),
    },
    {
      send: `PUT /v1/query/${UNKNOWN_ID}`,
      body: { Name: 'r', ...WEB },
      answer: refused(`Cannot modify non-existent prepared query: '${UNKNOWN_ID}'`),
    },
    {
      send: 'PUT /v1/query',
      answer: { status: 405, body: 'method PUT not allowed', headers: { Allow: 'OPTIONS,GET,POST' } },
    },
    {
      send: 'POST /v1/query/x',
      answer: { status: 405, body: 'method POST not allowed', headers: { Allow: 'GET,PUT,DELETE' } },
    },
    {
      send: 'PUT /v1/query/x/execute',
      answer: { status: 405, body: 'method PUT not allowed', headers: { Allow: 'GET' } },
    },
    { send: 'OPTIONS /v1/query/x/execute', answer: { status: 200, headers: { Allow: 'OPTIONS,GET' } } },
    {
      send: 'OPTIONS /v1/query/x',
      answer: { status: 200, headers: { Allow: 'OPTIONS,GET,PUT,DELETE' } },
    },
  ],
  'queries: execution': [
    register('q1', 'passing', ['blue']),
    register('q2', 'warning', ['green']),
    register('q3', 'critical', []),
    ...EXECUTED.flatMap(([service, answer], i) => [
      create({ Name: `exec-${String(i)}`, Service: { Service: 'qweb', ...service } }),
      get(`/exec-${String(i)}/execute`, answer),
      get(`/EXEC-${String(i)}/execute?limit=1&near=_agent`, answer),
    ]),
    create({ Name: 'EXEC-1', ...WEB }, refused("name 'EXEC-1' aliases an existing query name")),
    get('/exec-1/execute?connect=true', executed()),
    get('/exec-1/execute?stale', { status: 200, meta: 'stale' }),
    get('/exec-1/execute?consistent', { status: 200, meta: 'consistent' }),
    get('/exec-1/execute?cached', { status: 200, headers: { 'X-Cache': 'MISS' }, meta: 'leader' }),
    get('/exec-1/execute?cached', { status: 200, headers: { 'X-Cache': 'HIT', Age: '0' }, meta: 'leader' }),
  ],
  'queries: kept': [
    { ...create({ Name: 'kept', Token: 'secret', ...WEB, DNS: { TTL: '1h' } }), keep: 'KEPT' },
    get('/$KEPT', KEPT('kept', '1h')),
    {
      send: 'PUT /v1/query/$KEPT',
      body: { ID: UNKNOWN_ID, Name: 'renamed', Token: 'secret', ...WEB },
      answer: { status: 200, body: '' },
    },
    get('/$KEPT', KEPT('renamed', '')),
    get('/$KEPT/execute?limit=1&near=_ip', { status: 200, meta: 'leader' }),
    get('/kept/execute', refused('Query not found', 404)),
    { send: 'PUT /v1/query/$KEPT', body: WEB, answer: invalid('Must be bound to a session') },
    create({ Name: '$KEPT', ...WEB }, refused("name '$KEPT' aliases an existing query ID")),
    { send: 'DELETE /v1/query/$KEPT', answer: { status: 200, body: '' } },
    get('/$KEPT', refused('Query not found', 404)),
  ],
  'queries: bound to a session': [
    { send: 'PUT /v1/session/create', body: { LockDelay: '0s' }, answer: { status: 200 }, keep: 'BINDING' },
    { ...create({ Session: '$BINDING', ...WEB }), keep: 'BOUND' },
    get('/$BOUND/execute', { status: 200, meta: 'leader' }),
    { send: 'PUT /v1/session/destroy/$BINDING', answer: { status: 200, body: 'true' } },
    get('/$BOUND', refused('Query not found', 404)),
    get('/$BOUND/execute', refused('Query not found', 404)),
  ],
  'queries: templates': [
    create(
      { ...template({ Name: 'b' }, {}), Template: { Type: 'bogus' } },
      refused("failed compiling template: Bad Template.Type 'bogus'"),
    ),
    create(
      { ...template({ Name: 'b' }, {}), Template: { Type: 'name_prefix_match', Regexp: '(' } },
      refused('failed compiling template: Bad Regexp: error parsing regexp: missing closing ): `(`'),
    ),
    ...UNFIT.map(([text, reason]) =>
      create(template({ Name: 'zz-' }, { Tags: [text] }), unfit(text, reason)),
    ),
    create(
      template({ Name: 'zz-' }, { NodeMeta: { k: '${x}' } }),
      refused(
        "failed compiling template: Bad evaluation for '${x}' in Service.NodeMeta[k]: 1:3: unknown variable accessed: x",
      ),
    ),
    create(
      template({ Name: 'zz-' }, { Failover: { Datacenters: ['${x}'] } }),
      refused(
        "failed compiling template: Bad evaluation for '${x}' in Service.Failover.Datacenters[0]: 1:3: unknown variable accessed: x",
      ),
    ),
    {
      ...create({
        Name: 'zz-',
        Template: { Type: 'name_prefix_match', Regexp: '^zz-(.*)$' },
        Service: { Service: 'x', Tags: RENDERED.map(([text]) => text) },
      }),
      keep: 'ZZ',
    },
    get('/zz-7/explain', {
      status: 200,
      body:
        '{"Query":{"ID":"$ZZ","Name":"zz-","Session":"","Token":"","Template":{"Type":"name_prefix_match","Regexp":"^zz-(.*)$","RemoveEmptyTags":false},' +
        '"Service":{"Service":"x","SamenessGroup":"","Failover":{"NearestN":0,"Datacenters":null,"Targets":null},"OnlyPassing":false,"IgnoreCheckIDs":null,"Near":"",' +
        `"Tags":${JSON.stringify(RENDERED.map(([, rendered]) => rendered))},"NodeMeta":null,"ServiceMeta":null,"Connect":false,"Peer":""},"DNS":{"TTL":""},"CreateIndex":0,"ModifyIndex":0},${META}}`,
      meta: 'leader',
    }),
    {
      ...create({
        Name: 't-',
        Template: { Type: 'name_prefix_match', Regexp: '^t-(.*)-([^-]+)$', RemoveEmptyTags: true },
        Service: {
          Service: '${match(1)}',
          Tags: ['${match(2)}', '${match(9)}'],
          Failover: { Datacenters: ['dc2', '${agent.segment}x'] },
        },
        DNS: { TTL: '10s' },
      }),
      keep: 'TQ',
    },
    get('/$TQ/execute', unread('prepared query templates can only be resolved up by name, not by ID')),
    get('/$TQ/explain', unread('prepared query templates can only be resolved up by name, not by ID')),
    get('/t-web-v1/explain', explained('t-', '^t-(.*)-([^-]+)$', SIEVE)),
    get('/t-qweb-blue/execute', executed('q1', 'passing', '"blue"', 'qweb', '10s')),
    create({ Name: 't-qweb', Template: { Type: 'name_prefix_match' }, Service: { Service: 'longer' } }),
    get('/t-qweb-blue/execute', executed(undefined, '', '', 'longer')),
    get('/unmatched/execute', refused('Query not found', 404)),
    create(template({}, { Service: '${name.suffix}' })),
    create(template({}, {}), refused('a query template with an empty name already exists')),
    get('/a/b/execute', executed(undefined, '', '', 'a/b')),
  ],
};
