import type { Exchange, Expected } from './exchange.ts';

const DONE: Expected = { status: 200, body: '' };
const DONE_187 = { status: 200, body: '', headers: {} };

function refused(status: number, body: string): Expected {
  return { status, body, headers: { 'Content-Type': 'text/plain; charset=utf-8' } };
}

function shown(body: string): Expected {
  return { status: 200, body, headers: { 'Content-Type': 'application/json' } };
}

const get = (path: string, answer: Expected): Exchange => ({ send: `GET /v1/agent/${path}`, answer });
const put = (path: string, body: unknown, answer: Expected): Exchange => ({
  send: `PUT /v1/agent/${path}`,
  body,
  answer,
});
const register = (body: unknown, answer = DONE): Exchange => put('service/register', body, answer);
const registerCheck = (body: unknown, answer = DONE): Exchange => put('check/register', body, answer);
const undecodable = (body: unknown, reason: string): Exchange =>
  register(body, refused(400, `Request decode failed: ${reason}`));

const UNMARSHAL = 'json: cannot unmarshal';
const META = "Invalid Service Meta: Couldn't load metadata pair";

const WEB = {
  ID: 'web1',
  Name: 'web',
  Tags: ['b', 'a<&>', 'B'],
  Address: '10.0.0.1',
  Port: 80,
  Meta: { z: '1', a: '2', 10: 'x', 9: 'y' },
  TaggedAddresses: { lan: { Address: '10.0.0.1', Port: 80 }, wan: { address: 'h.example', port: 443 } },
  Weights: { Passing: 5, Warning: 2 },
  EnableTagOverride: true,
  Checks: [
    {
      CheckID: 'c1',
      Name: 'one',
      TTL: '1h',
      Notes: 'n',
      Status: 'passing',
      DeregisterCriticalServiceAfter: '5h',
    },
    {
      HTTP: 'http://127.0.0.1:1/',
      Interval: '1h',
      Timeout: '2s',
      Method: 'POST',
      Header: { A: ['b'] },
      Body: 'x',
    },
    { TCP: '127.0.0.1:1', Interval: '1h' },
  ],
};

const WEB_SHOWN =
  '{"ID":"web1","Service":"web","Tags":["b","a\\u003c\\u0026\\u003e","B"],"Meta":{"10":"x","9":"y","a":"2","z":"1"},' +
  '"Port":80,"Address":"10.0.0.1","TaggedAddresses":{"lan":{"Address":"10.0.0.1","Port":80},' +
  '"lan_ipv4":{"Address":"10.0.0.1","Port":80},"wan":{"Address":"h.example","Port":443},' +
  '"wan_ipv4":{"Address":"10.0.0.1","Port":80}},"Weights":{"Passing":5,"Warning":2},"EnableTagOverride":true,"Datacenter":"dc1"}';
const MIN_SHOWN =
  '{"ID":"min","Service":"min","Tags":[],"Meta":{},"Port":0,"Address":"","Weights":{"Passing":1,"Warning":1},' +
  '"EnableTagOverride":false,"Datacenter":"dc1"}';

/** A service as it is shown alone. */
function hashed(service: string, hash: string): string {
  return service.replace(',"Datacenter"', `,"ContentHash":"${hash}","Datacenter"`);
}

function check(fields: Record<string, unknown>): string {
  return JSON.stringify({
    Node: '$AGENT',
    CheckID: 'c1',
    Name: 'one',
    Status: 'passing',
    Notes: 'n',
    Output: '',
    ServiceID: 'web1',
    ServiceName: 'web',
    ServiceTags: ['b', 'a<&>', 'B'],
    Type: 'ttl',
    Interval: '',
    Timeout: '',
    ExposedPort: 0,
    Definition: {},
    CreateIndex: 0,
    ModifyIndex: 0,
    ...fields,
  }).replace('<&>', '\\u003c\\u0026\\u003e');
}

const HTTP_CHECK = {
  CheckID: 'service:web1:2',
  Name: "Service 'web' check",
  Status: 'critical',
  Notes: '',
  Type: 'http',
  Interval: '1h0m0s',
  Timeout: '2s',
};
const TCP_CHECK = {
  CheckID: 'service:web1:3',
  Name: "Service 'web' check",
  Status: 'critical',
  Notes: '',
  Type: 'tcp',
  Interval: '1h0m0s',
};

/** `agent/checks` with checks that differ from the first one of `WEB` in these fields. */
function checks(...fields: ({ CheckID?: string } & Record<string, unknown>)[]): Expected {
  return shown(`{${fields.map((each) => `"${each.CheckID ?? 'c1'}":${check(each)}`).join(',')}}`);
}

function unknownCheck(id: string): Pick<Exchange, 'answer' | 'consul187'> {
  const text = `Unknown check ID "${id}". Ensure that the check ID is passed, not the check name.`;
  return {
    answer: refused(404, text),
    consul187: refused(500, `CheckID "${id}" does not have associated TTL`),
  };
}

/** Exchanges with the agent, by what they are about. */
export const agentExchanges: Readonly<Record<string, readonly Exchange[]>> = {
  'agent: services': [
    get('services', shown('{}')),
    register(WEB),
    register({ Name: 'min', Check: null, Checks: null }),
    get('services', shown(`{"min":${MIN_SHOWN},"web1":${WEB_SHOWN}}`)),
    get('service/min', shown(hashed(MIN_SHOWN, 'aa5575db35dcab18'))),
    get('service/web1', shown(hashed(WEB_SHOWN, '235a67681e90d670'))),
    get('service/nope', refused(404, 'unknown service ID: nope')),
    get('service/', refused(404, 'unknown service ID: ')),
    get('checks', checks({}, HTTP_CHECK, TCP_CHECK)),
    put('service/deregister/min', '', DONE),
    {
      ...put(
        'service/deregister/min',
        '',
        refused(404, 'Unknown service ID "min". Ensure that the service ID is passed, not the service name.'),
      ),
      consul187: DONE_187,
    },
    register({
      name: 'snake',
      enable_tag_override: true,
      tagged_addresses: { lan: { address: 'a', port: 1 } },
    }),
    get(
      'service/snake',
      shown(
        '{"ID":"snake","Service":"snake","Tags":[],"Meta":{},"Port":0,"Address":"","TaggedAddresses":{"lan":{"Address":"a","Port":1}},' +
          '"Weights":{"Passing":1,"Warning":1},"EnableTagOverride":true,"ContentHash":"8cde4bc1d8b82a79","Datacenter":"dc1"}',
      ),
    ),
    put('service/deregister/snake', '', DONE),
    register({ ID: 'scope/name', Name: 'slash', Address: '::1', Meta: {} }),
    get(
      'service/scope/name',
      shown(
        '{"ID":"scope/name","Service":"slash","Tags":[],"Meta":{},"Port":0,"Address":"::1","TaggedAddresses":' +
          '{"lan_ipv6":{"Address":"::1","Port":0},"wan_ipv6":{"Address":"::1","Port":0}},' +
          '"Weights":{"Passing":1,"Warning":1},"EnableTagOverride":false,"ContentHash":"91c8bddb61574ae7","Datacenter":"dc1"}',
      ),
    ),
    put('service/deregister/scope/name', '', DONE),
    register({ Name: 'native', Connect: { Native: true } }),
    get(
      'service/native',
      shown(
        '{"ID":"native","Service":"native","Tags":[],"Meta":{},"Port":0,"Address":"","Weights":{"Passing":1,"Warning":1},' +
          '"EnableTagOverride":false,"ContentHash":"9c05be3314521132","Connect":{"Native":true},"Datacenter":"dc1"}',
      ),
    ),
    put('service/deregister/native', '', DONE),
  ],
  'agent: registering again': [
    put('check/pass/c1?note=fine', '', DONE),
    register({ ...WEB, Tags: [], Checks: [{ CheckID: 'c1', Name: 'two', TTL: '1h', Status: 'critical' }] }),
    {
      ...get(
        'checks',
        checks(
          { Name: 'two', Notes: '', Output: 'fine', ServiceTags: [] },
          { ...HTTP_CHECK, ServiceTags: [] },
          { ...TCP_CHECK, ServiceTags: [] },
        ),
      ),
      // There, a check that is not registered again keeps the tags its service had.
      consul187: checks({ Name: 'two', Notes: '', Output: 'fine', ServiceTags: [] }, HTTP_CHECK, TCP_CHECK),
    },
    put(
      'service/register?replace-existing-checks=true',
      { ...WEB, Tags: [], Checks: [{ CheckID: 'c1', Name: 'two', TTL: '1h' }] },
      DONE,
    ),
    get('checks', checks({ Name: 'two', Notes: '', Output: 'fine', ServiceTags: [] })),
    put('service/register?replace-existing-checks', { ...WEB, Tags: [], Check: {}, Checks: null }, DONE),
    get('checks', shown('{}')),
  ],
  'agent: checks': [
    registerCheck({ ID: 'wx', Name: 'x', ServiceID: 'web1', TTL: '1h', Status: 'passing' }),
    registerCheck({ Name: 'x y', Notes: 'nn', TTL: '1h' }),
    registerCheck({
      ID: 'snake',
      Name: 'x',
      service_id: 'web1',
      http: 'http://127.0.0.1:1',
      interval: '1h',
      timeout: '1s',
    }),
    put('check/pass/wx?note=hello', '', DONE),
    put('check/warn/x%20y?note=w', '', DONE),
    put('check/deregister/snake', '', DONE),
    get(
      'checks',
      checks(
        { CheckID: 'wx', Name: 'x', Notes: '', Output: 'hello', ServiceTags: [] },
        {
          CheckID: 'x y',
          Name: 'x y',
          Status: 'warning',
          Notes: 'nn',
          Output: 'w',
          ServiceID: '',
          ServiceName: '',
          ServiceTags: [],
        },
      ),
    ),
    put('check/fail/wx', '', DONE),
    put('check/update/x%20y', { Status: 'critical', Output: 'bad' }, DONE),
    registerCheck({ Name: 'x y', TTL: '2h', Status: 'passing' }),
    get(
      'checks',
      checks(
        { CheckID: 'wx', Name: 'x', Status: 'critical', Notes: '', ServiceTags: [] },
        {
          CheckID: 'x y',
          Name: 'x y',
          Status: 'critical',
          Notes: '',
          Output: 'bad',
          ServiceID: '',
          ServiceName: '',
          ServiceTags: [],
        },
      ),
    ),
    { ...put('check/pass/zz', '', DONE), ...unknownCheck('zz') },
    { ...put('check/update/zz', { Status: 'passing' }, DONE), ...unknownCheck('zz') },
    { ...put('check/deregister/zz', '', DONE), ...unknownCheck('zz'), consul187: DONE_187 },
    put('check/update/wx', { Status: 'foo' }, refused(400, "Invalid check status: 'foo'")),
    put('check/update/wx', {}, refused(400, "Invalid check status: ''")),
    put('check/update/wx', '', refused(400, 'Request decode failed: EOF')),
    put(
      'check/update/wx',
      { Status: 5 },
      refused(
        400,
        `Request decode failed: ${UNMARSHAL} number into Go struct field checkUpdate.Status of type string`,
      ),
    ),
    registerCheck({}, refused(400, 'Missing check name')),
    registerCheck({ Name: 'x', Status: 'bad', TTL: '1s' }, refused(400, 'Bad check status')),
    registerCheck({ Name: 'x' }, refused(400, 'Invalid check: TTL must be > 0 for TTL checks')),
    {
      ...registerCheck(
        { Name: 'x', ServiceID: 'nope', TTL: '10s' },
        refused(404, 'ServiceID "nope" does not exist'),
      ),
      consul187: { status: 500 },
    },
    registerCheck({ ID: 'probed', Name: 'x', TCP: '127.0.0.1:1', Interval: '1h' }),
    put('check/pass/probed', '', refused(500, 'CheckID "probed" does not have associated TTL')),
    put('check/deregister/probed', '', DONE),
    put('check/deregister/x%20y', '', DONE),
    put('service/deregister/web1', '', DONE),
    get('checks', shown('{}')),
  ],
  'agent: undecodable definitions': [
    undecodable('', 'EOF'),
    undecodable('{"Name":"a"', 'unexpected EOF'),
    undecodable('{"Name":"a",}', "invalid character '}' looking for beginning of object key string"),
    undecodable('xyz', "invalid character 'x' looking for beginning of value"),
    undecodable({ Name: 123 }, `${UNMARSHAL} number into Go struct field .Name of type string`),
    undecodable({ Name: 'a', Port: 'x' }, `${UNMARSHAL} string into Go struct field .Port of type int`),
    undecodable({ Name: 'a', Port: 1.5 }, `${UNMARSHAL} number 1.5 into Go struct field .Port of type int`),
    undecodable({ Name: 'a', Tags: 'x' }, `${UNMARSHAL} string into Go struct field .Tags of type []string`),
    undecodable({ Name: 'a', Tags: [1] }, `${UNMARSHAL} number into Go struct field .Tags of type string`),
    undecodable(
      { Name: 'a', Meta: { a: 1 } },
      `${UNMARSHAL} number into Go struct field .Meta of type string`,
    ),
    undecodable(
      { Name: 'a', EnableTagOverride: 'x' },
      `${UNMARSHAL} string into Go struct field .EnableTagOverride of type bool`,
    ),
    undecodable(
      { Name: 'a', Weights: { Passing: 'x' } },
      `${UNMARSHAL} string into Go struct field Weights.Weights.Passing of type int`,
    ),
    undecodable({ Name: 'a', Check: { TTL: 'x' } }, 'time: invalid duration "x"'),
    undecodable({ Name: 'a', Check: { TTL: '' } }, 'time: invalid duration ""'),
    undecodable({ Name: 'a', Check: { TTL: '5' } }, 'time: missing unit in duration "5"'),
    undecodable({ Name: 'a', Check: { TTL: '5d' } }, 'time: unknown unit "d" in duration "5d"'),
    {
      ...undecodable(
        { Name: 'a', Namespace: 'x' },
        'json: unknown field "Namespace" - Namespaces are a Consul Enterprise feature',
      ),
      consul187: { body: 'Request decode failed: json: unknown field "Namespace"' },
    },
    register('null', refused(400, 'Missing service name')),
    get('services', shown('{}')),
  ],
  'agent: refused definitions': [
    register({}, refused(400, 'Missing service name')),
    register({ Name: 'a', Address: '0.0.0.0' }, refused(400, 'Invalid service address')),
    register({ Name: 'a', Address: '[::]' }, refused(400, 'Invalid service address')),
    register(
      { Name: 'a', Weights: { Passing: 0, Warning: 3 } },
      refused(400, 'Invalid Weights: Passing must be greater than 0'),
    ),
    register(
      { Name: 'a', Weights: { Passing: 3, Warning: -1 } },
      refused(400, 'Invalid Weights: Warning must be greater or equal than 0'),
    ),
    register(
      { Name: 'a', Weights: { Passing: 70000, Warning: 3 } },
      refused(400, 'Invalid Weights: DNS Weight must be between 0 and 65535'),
    ),
    register(
      { Name: 'a', Meta: { 'consul-x': '1' } },
      refused(400, `${META} ('consul-x', '1'): Key prefix 'consul-' is reserved for internal use`),
    ),
    register({ Name: 'a', Meta: { '': '1' } }, refused(400, `${META} ('', '1'): Key cannot be blank`)),
    register(
      { Name: 'a', Meta: { 'a b': '1' } },
      refused(400, `${META} ('a b', '1'): Key contains invalid characters`),
    ),
    register(
      { Name: 'a', Meta: { ['k'.repeat(129)]: '1' } },
      refused(400, `${META} ('${'k'.repeat(129)}', '1'): Key is too long (limit: 128 characters)`),
    ),
    register(
      { Name: 'a', Meta: { k: 'v'.repeat(513) } },
      refused(400, `${META} ('k', '${'v'.repeat(513)}'): Value is too long (limit: 512 characters)`),
    ),
    register(
      { Name: 'a', Meta: Object.fromEntries(Array.from({ length: 65 }, (_, i) => [`k${String(i)}`, ''])) },
      refused(400, 'Invalid Service Meta: Node metadata cannot contain more than 64 key/value pairs'),
    ),
    register(
      { Name: 'a', TaggedAddresses: { lan_ipv4: { Address: '::1', Port: 1 } } },
      refused(500, 'Service tagged address "lan_ipv4" must be a valid ipv4 address'),
    ),
    register(
      { Name: 'a', TaggedAddresses: { lan_ipv6: { Address: '10.0.0.1', Port: 1 } } },
      refused(500, 'Service tagged address "lan_ipv6" must be a valid ipv6 address'),
    ),
    register(
      { Name: 'a', Check: { Interval: '1s' } },
      refused(400, 'Invalid check: TTL must be > 0 for TTL checks'),
    ),
    register({ Name: 'a', Checks: [{}] }, refused(400, 'Invalid check: TTL must be > 0 for TTL checks')),
    register(
      { Name: 'a', Check: { TTL: '10s', Interval: '1s' } },
      refused(400, 'Invalid check: Interval and TTL cannot both be specified'),
    ),
    {
      ...register(
        { Name: 'a', Check: { HTTP: 'http://x' } },
        refused(
          400,
          'Invalid check: Interval must be > 0 for Script, HTTP, H2PING, TCP, UDP or OSService checks',
        ),
      ),
      consul187: { body: 'Invalid check: Interval must be > 0 for Script, HTTP, or TCP checks' },
    },
    register(
      { Name: 'a', Check: { AliasService: 'x', TCP: 'x', Interval: '1s' } },
      refused(400, 'Invalid check: Interval cannot be set for Alias checks'),
    ),
    register(
      { Name: 'a', Check: { AliasNode: 'x', TTL: '1s' } },
      refused(400, 'Invalid check: TTL must be not be set for Alias checks'),
    ),
    register(
      { Name: 'a', Check: { TTL: '1s', OutputMaxSize: -1 } },
      refused(400, 'Invalid check: MaxOutputMaxSize must be positive'),
    ),
    register(
      { Name: 'a', Check: { Args: ['true'], Interval: '10s' } },
      refused(
        500,
        "Scripts are disabled on this agent from remote calls; to enable, configure 'enable_script_checks' to true",
      ),
    ),
    register(
      { Name: 'a', Check: { TTL: '10s', Status: 'bad' } },
      refused(400, "Status for checks must 'passing', 'warning', 'critical'"),
    ),
    get('services', shown('{}')),
    get('checks', shown('{}')),
  ],
  'agent: pool': [
    put('force-leave/zz', '', refused(500, "agent: No node found with name 'zz'")),
    put('force-leave/', '', refused(500, "agent: No node found with name ''")),
    put('force-leave/$AGENT', '', DONE),
    get(
      'metrics?format=prometheus',
      refused(415, 'Prometheus is not enabled since its retention time is not positive'),
    ),
    {
      ...get('version', {
        status: 200,
        body: '{"SHA":"","BuildDate":"1970-01-01T00:00:01Z","HumanVersion":"1.22.0","FIPS":""}',
      }),
      consul187: { status: 404, body: '' },
    },
    registerCheck(
      { Name: 'x', DockerContainerID: 'x', Interval: '1s' },
      refused(400, 'Invalid check: TTL must be > 0 for TTL checks'),
    ),
    registerCheck(
      { Name: 'x', DockerContainerID: 'x', Args: ['x'], Interval: '1s' },
      refused(
        500,
        "Scripts are disabled on this agent from remote calls; to enable, configure 'enable_script_checks' to true",
      ),
    ),
    registerCheck({ Name: 'g', GRPC: '127.0.0.1:1', Interval: '1h', Notes: 'nn' }),
    get(
      'checks',
      checks({
        CheckID: 'g',
        Name: 'g',
        Status: 'critical',
        Notes: 'nn',
        ServiceID: '',
        ServiceName: '',
        ServiceTags: [],
        Type: 'grpc',
        Interval: '1h0m0s',
      }),
    ),
    put('check/deregister/g', '', DONE),
    { send: 'GET /v1/agent/service/zz?wait=foo', answer: refused(400, 'Invalid wait time') },
    { send: 'GET /v1/agent/service/zz?index=foo', answer: refused(400, 'Invalid index') },
  ],
  'agent: methods and paths': [
    {
      send: 'GET /v1/agent/service/register',
      answer: { status: 405, body: 'method GET not allowed', headers: { Allow: 'OPTIONS,PUT' } },
    },
    {
      send: 'GET /v1/agent/service/deregister/x',
      answer: { status: 405, body: 'method GET not allowed', headers: { Allow: 'OPTIONS,PUT' } },
    },
    {
      send: 'GET /v1/agent/check/pass/x',
      answer: { status: 405, body: 'method GET not allowed', headers: { Allow: 'OPTIONS,PUT' } },
    },
    {
      send: 'DELETE /v1/agent/services',
      answer: { status: 405, body: 'method DELETE not allowed', headers: { Allow: 'OPTIONS,GET' } },
    },
    {
      send: 'OPTIONS /v1/agent/services',
      answer: { status: 200, body: '', headers: { Allow: 'OPTIONS,GET' } },
    },
    {
      send: 'GET /v1/agent/nothing',
      answer: { status: 404, body: 'Invalid URL path: not a recognized HTTP API endpoint\n' },
      consul187: { body: '' },
    },
    {
      ...get(
        'services?ns=x',
        refused(400, 'Invalid query parameter: "ns" - Namespaces are a Consul Enterprise feature'),
      ),
      consul187: {
        body: 'Bad request: Invalid query parameter: "ns" - Namespaces are a Consul Enterprise feature',
      },
    },
  ],
};
