import type { Exchange, Expected } from './exchange.ts';

const TRUE: Expected = { status: 200, body: 'true' };

function refused(status: number, body: string): Expected {
  return { status, body, headers: { 'Content-Type': 'text/plain; charset=utf-8' } };
}

function found(body: string): Expected {
  return { status: 200, body, headers: { 'Content-Type': 'application/json' }, meta: 'leader' };
}

const get = (path: string, answer: Expected): Exchange => ({ send: `GET /v1/health/${path}`, answer });
const register = (body: unknown): Exchange => ({ send: 'PUT /v1/catalog/register', body, answer: TRUE });

function node(name: string): string {
  const meta = name === 'h1' ? '{"rack":"1"}' : 'null';
  return `{"ID":"","Node":"${name}","Address":"10.0.0.${name.slice(1)}","Datacenter":"dc1","TaggedAddresses":null,"Meta":${meta},"CreateIndex":0,"ModifyIndex":0}`;
}

function service(tags: string): string {
  return (
    `{"ID":"h","Service":"h","Tags":${tags},"Address":"","Meta":null,"Port":1,"Weights":{"Passing":1,"Warning":1},"EnableTagOverride":false,` +
    '"Proxy":{"Mode":"","MeshGateway":{},"Expose":{}},"Connect":{},"PeerName":"","CreateIndex":0,"ModifyIndex":0}'
  );
}

function check(fields: Record<string, unknown>): string {
  return JSON.stringify({
    Node: 'h1',
    CheckID: 'c',
    Name: '',
    Status: 'passing',
    Notes: '',
    Output: '',
    ServiceID: '',
    ServiceName: '',
    ServiceTags: [],
    Type: '',
    Interval: '',
    Timeout: '',
    ExposedPort: 0,
    Definition: {},
    CreateIndex: 0,
    ModifyIndex: 0,
    ...fields,
  });
}

const ON_SERVICE = { ServiceID: 'h', ServiceName: 'h' };
const TAGS = ['Blue', 'main'];
const NODE_CHECK_1 = check({ CheckID: 'zz-node', Name: 'zz-node', Output: 'o' });
const OWN_CHECK_1 = check({
  CheckID: 'aa-own',
  Status: 'passing',
  ...ON_SERVICE,
  ServiceTags: TAGS,
  Type: 'http',
  Definition: { Interval: '10s', DeregisterCriticalServiceAfter: '1m0s', HTTP: 'http://x' },
});
const OWN_CHECK_2 = check({ Node: 'h2', CheckID: 'own', Status: 'warning', ...ON_SERVICE });
const NODE_CHECK_3 = check({ Node: 'h3', CheckID: 'node', Status: 'critical' });

const ENTRY_1 = `{"Node":${node('h1')},"Service":${service(JSON.stringify(TAGS))},"Checks":[${NODE_CHECK_1},${OWN_CHECK_1}]}`;
const ENTRY_2 = `{"Node":${node('h2')},"Service":${service('[]')},"Checks":[${OWN_CHECK_2}]}`;
const ENTRY_3 = `{"Node":${node('h3')},"Service":${service('[]')},"Checks":[${NODE_CHECK_3}]}`;

/** Exchanges about health, by what they are about. */
export const healthExchanges: Readonly<Record<string, readonly Exchange[]>> = {
  'health: entries': [
    register({
      Node: 'h1',
      Address: '10.0.0.1',
      NodeMeta: { rack: '1' },
      Service: { Service: 'h', Port: 1, Tags: TAGS },
      Check: { Name: 'zz-node', Status: 'passing', Output: 'o' },
      Checks: [
        {
          CheckID: 'aa-own',
          ServiceID: 'h',
          Status: 'passing',
          Definition: {
            HTTP: 'http://x',
            Interval: '10s',
            IntervalDuration: '5s',
            DeregisterCriticalServiceAfter: 60_000_000_000,
          },
        },
      ],
    }),
    register({ Node: 'H2', Address: '10.0.0.2', Service: { Service: 'H' } }),
    { send: 'PUT /v1/catalog/deregister', body: { Node: 'h2' }, answer: TRUE },
    register({
      Node: 'h2',
      Address: '10.0.0.2',
      Service: { Service: 'h', Port: 1 },
      Check: { CheckID: 'own', ServiceID: 'h', Status: 'warning' },
    }),
    register({
      Node: 'h3',
      Address: '10.0.0.3',
      Service: { Service: 'h', Port: 1 },
      Check: { CheckID: 'node' },
    }),
    get('service/h', found(`[${ENTRY_1},${ENTRY_2},${ENTRY_3}]`)),
    get('service/H', found(`[${ENTRY_1},${ENTRY_2},${ENTRY_3}]`)),
    get('service/h?passing', found(`[${ENTRY_1}]`)),
    get('service/h?passing=1', found(`[${ENTRY_1}]`)),
    get('service/h?passing=true&tag=blue', found(`[${ENTRY_1}]`)),
    get('service/h?passing=false', found(`[${ENTRY_1},${ENTRY_2},${ENTRY_3}]`)),
    get('service/h?passing=maybe', refused(400, 'Invalid value for ?passing')),
    get('service/h?tag=BLUE&tag=Main', found(`[${ENTRY_1}]`)),
    get('service/h?tag=blue&tag=x', found('[]')),
    get('service/h?tag=', found('[]')),
    get('service/h?node-meta=rack:1', found(`[${ENTRY_1}]`)),
    get('service/h?node-meta=rack:2', found('[]')),
    get('service/h?stale=', { ...found(`[${ENTRY_1},${ENTRY_2},${ENTRY_3}]`), meta: 'stale' }),
    get('service/zz', found('[]')),
    get('service/', refused(400, 'Missing service name')),
  ],
  'health: checks': [
    get('checks/h', found(`[${OWN_CHECK_1},${OWN_CHECK_2}]`)),
    get('checks/h?node-meta=rack:1', found(`[${OWN_CHECK_1}]`)),
    get('checks/zz', found('[]')),
    get('checks/', refused(400, 'Missing service name')),
    get('node/h1', found(`[${OWN_CHECK_1},${NODE_CHECK_1}]`)),
    get('node/H1', found(`[${OWN_CHECK_1},${NODE_CHECK_1}]`)),
    get('node/zz', found('[]')),
    get('node/', refused(400, 'Missing node name')),
    get('state/critical', found(`[${NODE_CHECK_3}]`)),
    get('state/warning', found(`[${OWN_CHECK_2}]`)),
    get('state/any?node-meta=rack:1', found(`[${OWN_CHECK_1},${NODE_CHECK_1}]`)),
    get('state/bogus', found('[]')),
    get('state/', refused(400, 'Missing check state')),
    get('state/any?wait=x', refused(400, 'Invalid wait time')),
  ],
  'health: tidying up': ['h1', 'h2', 'h3'].map((name) => ({
    send: 'PUT /v1/catalog/deregister',
    body: { Node: name },
    answer: TRUE,
  })),
};
