import type { Exchange, Expected } from './exchange.ts';

const TRUE: Expected = { status: 200, body: 'true', headers: { 'Content-Type': 'application/json' } };

function refused(status: number, body: string): Expected {
  return { status, body, headers: { 'Content-Type': 'text/plain; charset=utf-8' } };
}

function found(body: string): Expected {
  return { status: 200, body, headers: { 'Content-Type': 'application/json' }, meta: 'leader' };
}

const get = (path: string, answer: Expected): Exchange => ({ send: `GET /v1/catalog/${path}`, answer });
const register = (body: unknown, answer = TRUE): Exchange => ({
  send: 'PUT /v1/catalog/register',
  body,
  answer,
});
const deregister = (body: unknown, answer = TRUE): Exchange => ({
  send: 'PUT /v1/catalog/deregister',
  body,
  answer,
});

const NODE = { Node: 'e1', Address: '1.2.3.4' };
const NODE_ID = 'aaaa1111-2222-3333-4444-555555555555';

const E1_SHOWN =
  '{"ID":"","Node":"e1","Address":"1.2.3.4","Datacenter":"dc1","TaggedAddresses":{"lan":"9.9.9.9"},"Meta":{"a":"b"},"CreateIndex":0,"ModifyIndex":0}';
const S_SHOWN =
  '{"ID":"s","Service":"s","Tags":[],"Address":"","Meta":null,"Port":1,"Weights":{"Passing":2,"Warning":0},' +
  '"EnableTagOverride":false,"Proxy":{"Mode":"","MeshGateway":{},"Expose":{}},"Connect":{},"PeerName":"","CreateIndex":0,"ModifyIndex":0}';
const FULL_SHOWN =
  '{"Kind":"connect-proxy","ID":"full1","Service":"full","Tags":["X","y"],"Address":"10.1.1.1","TaggedAddresses":{"lan":{"Address":"a","Port":1}},' +
  '"Meta":{"m":"n"},"Port":9,"Weights":{"Passing":1,"Warning":1},"EnableTagOverride":true,' +
  '"Proxy":{"DestinationServiceName":"s","Mode":"","MeshGateway":{},"Expose":{}},"Connect":{},"PeerName":"",' +
  '"CreateIndex":0,"ModifyIndex":0}';

const S_NODE_SHOWN =
  '{"ID":"","Node":"e1","Address":"1.2.3.4","Datacenter":"dc1","TaggedAddresses":{"lan":"9.9.9.9"},"NodeMeta":{"a":"b"},"ServiceKind":"",' +
  '"ServiceID":"s","ServiceName":"s","ServiceTags":[],"ServiceAddress":"","ServiceWeights":{"Passing":2,"Warning":0},"ServiceMeta":{},' +
  '"ServicePort":1,"ServiceSocketPath":"","ServiceEnableTagOverride":false,"ServiceProxy":{"Mode":"","MeshGateway":{},"Expose":{}},' +
  '"ServiceConnect":{},"ServiceLocality":null,"CreateIndex":0,"ModifyIndex":0}';

/** Exchanges with the catalog, by what they are about. */
export const catalogExchanges: Readonly<Record<string, readonly Exchange[]>> = {
  'catalog: registering': [
    register({ ...NODE, Service: { Service: 's', Tags: null, Port: 1 }, Checks: [{ Name: 'nn' }] }),
    register({
      ...NODE,
      NodeMeta: { a: 'b' },
      TaggedAddresses: { lan: '9.9.9.9' },
      Service: { Service: 's', Port: 1, Weights: { Passing: 2 } },
    }),
    register({
      ...NODE,
      SkipNodeUpdate: true,
      Service: {
        ID: 'full1',
        Service: 'full',
        Kind: 'connect-proxy',
        Tags: ['X', 'y'],
        Address: '10.1.1.1',
        Port: 9,
        Meta: { m: 'n' },
        TaggedAddresses: { lan: { Address: 'a', Port: 1 } },
        EnableTagOverride: true,
        Proxy: { DestinationServiceName: 's' },
      },
    }),
    get('node/e1', found(`{"Node":${E1_SHOWN},"Services":{"full1":${FULL_SHOWN},"s":${S_SHOWN}}}`)),
    get('node/E1', found(`{"Node":${E1_SHOWN},"Services":{"full1":${FULL_SHOWN},"s":${S_SHOWN}}}`)),
    get('node-services/e1', found(`{"Node":${E1_SHOWN},"Services":[${FULL_SHOWN},${S_SHOWN}]}`)),
    get('service/s', found(`[${S_NODE_SHOWN}]`)),
    get('service/S', found(`[${S_NODE_SHOWN}]`)),
    register({ Node: 'e2', Address: '1.2.3.5', ID: NODE_ID }),
    get(
      `node/${NODE_ID}`,
      found(
        `{"Node":{"ID":"${NODE_ID}","Node":"e2","Address":"1.2.3.5","Datacenter":"dc1","TaggedAddresses":null,"Meta":null,"CreateIndex":0,"ModifyIndex":0},"Services":{}}`,
      ),
    ),
    get('node-services/aaaa1111', {
      status: 200,
      meta: 'leader',
      body: `{"Node":{"ID":"${NODE_ID}","Node":"e2","Address":"1.2.3.5","Datacenter":"dc1","TaggedAddresses":null,"Meta":null,"CreateIndex":0,"ModifyIndex":0},"Services":null}`,
    }),
    get('node/a', found('null')),
    register({ Node: 'e2-twin', Address: '1.2.3.7', ID: NODE_ID.replace('1111', '2222') }),
    get('node/aaaa', found('null')),
    deregister({ Node: 'e2-twin' }),
    register({ Node: 'e2', Address: '1.2.3.6', ID: NODE_ID.replace('a', 'b') }),
    register({ Node: 'e2-renamed', Address: '1.2.3.6', ID: NODE_ID.replace('a', 'b') }),
    get('node/e2', found('null')),
    deregister({ Node: 'e2-renamed' }),
    register({
      Node: 'e3',
      SkipNodeUpdate: true,
      Service: { Service: 'k', Weights: { Passing: 0, Warning: 0 } },
    }),
    get(
      'service/k',
      found(
        '[{"ID":"","Node":"e3","Address":"","Datacenter":"dc1","TaggedAddresses":null,"NodeMeta":null,"ServiceKind":"","ServiceID":"k","ServiceName":"k",' +
          '"ServiceTags":[],"ServiceAddress":"","ServiceWeights":{"Passing":1,"Warning":1},"ServiceMeta":{},"ServicePort":0,"ServiceSocketPath":"",' +
          '"ServiceEnableTagOverride":false,"ServiceProxy":{"Mode":"","MeshGateway":{},"Expose":{}},"ServiceConnect":{},"ServiceLocality":null,' +
          '"CreateIndex":0,"ModifyIndex":0}]',
      ),
    ),
    deregister({ Node: 'e3' }),
  ],
  'catalog: lookups': [
    get('datacenters', { status: 200, body: '["dc1"]', headers: { 'Content-Type': 'application/json' } }),
    get('nodes?node-meta=a:b', found(`[${E1_SHOWN}]`)),
    get('nodes?node-meta=a:b&node-meta=c:d', found('[]')),
    get('nodes?node-meta=a', found('[]')),
    get('nodes?stale&node-meta=a:b', { ...found(`[${E1_SHOWN}]`), meta: 'stale' }),
    get('nodes?consistent&node-meta=a:b', { ...found(`[${E1_SHOWN}]`), meta: 'consistent' }),
    get('nodes?node-meta=a:b&near=_agent&index=0', found(`[${E1_SHOWN}]`)),
    get('services?node-meta=a:b', found('{"full":["X","y"],"s":[]}')),
    get('services?node-meta=a:c', found('{}')),
    get('service/s?tag=x', found('[]')),
    get('service/full?tag=x&tag=Y&dc=dc1&node-meta=z:y', found('[]')),
    get('service/zz', found('[]')),
    get('service/', refused(400, 'Missing service name')),
    get('node/', refused(400, 'Missing node name')),
    get('node-services/', refused(400, 'Missing node name')),
    get('node/zz', found('null')),
    get('node-services/zz', found('{"Node":null,"Services":null}')),
    get('nodes?index=x', refused(400, 'Invalid index')),
    get('nodes?max_stale=x', refused(400, 'Invalid max_stale value "x"')),
    get(
      'nodes?cached&consistent',
      refused(400, 'Cannot specify ?cached with ?consistent, conflicting semantics.'),
    ),
    { send: 'GET /v1/status/leader?dc=dc2', answer: refused(500, 'No path to datacenter') },
    { send: 'GET /v1/catalog/nodes?ns=x&node-meta=a:b', answer: found(`[${E1_SHOWN}]`) },
  ],
  'catalog: refusals': [
    register({}, refused(500, 'Must provide node')),
    register({ Node: 'e9' }, refused(500, 'Must provide address if SkipNodeUpdate is not set')),
    register({ ...NODE, ID: 'x' }, refused(500, 'Bad node ID: uuid string is wrong length')),
    register({ ...NODE, Datacenter: 'dc2' }, refused(500, 'No path to datacenter')),
    {
      ...register(
        { ...NODE, Service: { ID: 's' } },
        refused(500, 'Must provide service name (Service.Service) when service ID is provided'),
      ),
      consul187: { body: 'Must provide service name with ID' },
    },
    register(
      { ...NODE, Service: { Service: 's', Address: '0.0.0.0' } },
      refused(500, 'Invalid service address'),
    ),
    register(
      { ...NODE, Check: { Node: 'other', CheckID: 'c' } },
      refused(500, 'check node "other" does not match node "e1"'),
    ),
    {
      ...register(
        { ...NODE, Check: { CheckID: 'c', ServiceID: 'nope' } },
        refused(500, 'failed inserting check on node "e1": Missing service registration'),
      ),
      consul187: { body: 'failed inserting check: Missing service registration on node "e1"' },
    },
    register(
      { Node: 5 },
      refused(
        400,
        'Request decode failed: json: cannot unmarshal number into Go struct field RegisterRequest.Node of type string',
      ),
    ),
    register(
      { ...NODE, Service: { Service: 's', Port: '1' } },
      refused(
        400,
        'Request decode failed: json: cannot unmarshal string into Go struct field NodeService.Service.Port of type int',
      ),
    ),
    register('', refused(400, 'Request decode failed: EOF')),
    deregister({}, refused(500, 'Must provide node')),
    deregister({ Node: 'e1', Datacenter: 'dc9' }, refused(500, 'No path to datacenter')),
    get('register', { status: 405, body: 'method GET not allowed', headers: { Allow: 'OPTIONS,PUT' } }),
    get('node/e1', { status: 200, meta: 'leader' }),
  ],
  'catalog: deregistering': [
    deregister({ Node: 'zz' }),
    deregister({ Node: 'e1', ServiceID: 'zz' }),
    deregister({ Node: 'e1', CheckID: 'zz' }),
    deregister({ Node: 'e1', CheckID: 'nn' }),
    { send: 'GET /v1/health/node/e1', answer: found('[]') },
    deregister({ Node: 'e1', ServiceID: 'full1' }),
    get('node-services/e1', found(`{"Node":${E1_SHOWN},"Services":[${S_SHOWN}]}`)),
    deregister({ Node: 'e1' }),
    get('node/e1', found('null')),
    get('service/s', found('[]')),
  ],
};
