import type { Exchange, Expected } from './exchange.ts';

const TRUE: Expected = { status: 200, body: 'true' };
const EVALUATOR = 'Failed to create boolean expression evaluator: ';

const WORD = `${EVALUATOR}1:2 (1): no match found, expected: "!=", ".", "==", "[", [ \\t\\r\\n] or [a-zA-Z0-9_]`;

function refused(body: string): Expected {
  return { status: 500, body, headers: { 'Content-Type': 'text/plain; charset=utf-8' }, meta: 'refused' };
}

function found(body: string): Expected {
  return { status: 200, body, headers: { 'Content-Type': 'application/json' }, meta: 'leader' };
}

function get(path: string, filter: string, answer: Expected): Exchange {
  const mark = path.includes('?') ? '&' : '?';
  return { send: `GET /v1/${path}${mark}filter=${encodeURIComponent(filter)}`, answer };
}

function register(body: unknown): Exchange {
  return { send: 'PUT /v1/catalog/register', body, answer: TRUE };
}

const NODE_SHOWN = (name: string, address: string, meta: string) =>
  `{"ID":"","Node":"${name}","Address":"${address}","Datacenter":"dc1","TaggedAddresses":null,"Meta":${meta},"CreateIndex":0,"ModifyIndex":0}`;
const F1 = NODE_SHOWN('f1', '10.9.0.1', '{"rack":"a"}');
const F2 = NODE_SHOWN('f2', '10.9.0.2', 'null');
const SERVICE = (id: string, tags: string, meta: string, port: number) =>
  `{"ID":"${id}","Service":"sieve","Tags":${tags},"Address":"","Meta":${meta},"Port":${String(port)},"Weights":{"Passing":1,"Warning":1},` +
  '"EnableTagOverride":false,"Proxy":{"Mode":"","MeshGateway":{},"Expose":{}},"Connect":{},"PeerName":"","CreateIndex":0,"ModifyIndex":0}';
const SERVICE_1 = SERVICE('sieve-1', '["v1","blue"]', '{"zone":"north"}', 80);
const SERVICE_2 = SERVICE('sieve-2', '["v2"]', 'null', 8080);
const CHECK = (node: string, id: string, status: string, tags: string) =>
  `{"Node":"${node}","CheckID":"c","Name":"c","Status":"${status}","Notes":"","Output":"","ServiceID":"${id}","ServiceName":"sieve",` +
  `"ServiceTags":${tags},"Type":"","Interval":"","Timeout":"","ExposedPort":0,"Definition":{},"CreateIndex":0,"ModifyIndex":0}`;
const CHECK_1 = CHECK('f1', 'sieve-1', 'passing', '["v1","blue"]');
const CHECK_2 = CHECK('f2', 'sieve-2', 'warning', '["v2"]');
const HEALTH_1 = `{"Node":${F1},"Service":${SERVICE_1},"Checks":[${CHECK_1}]}`;
const HEALTH_2 = `{"Node":${F2},"Service":${SERVICE_2},"Checks":[${CHECK_2}]}`;

/** Exchanges with `?filter`, by what they are about. */
export const filterExchanges: Readonly<Record<string, readonly Exchange[]>> = {
  'filter: what is filtered': [
    register({
      Node: 'f1',
      Address: '10.9.0.1',
      NodeMeta: { rack: 'a' },
      Service: { ID: 'sieve-1', Service: 'sieve', Tags: ['v1', 'blue'], Meta: { zone: 'north' }, Port: 80 },
      Check: { CheckID: 'c', Name: 'c', ServiceID: 'sieve-1', Status: 'passing' },
    }),
    register({
      Node: 'f2',
      Address: '10.9.0.2',
      Service: { ID: 'sieve-2', Service: 'sieve', Tags: ['v2'], Port: 8080 },
      Check: { CheckID: 'c', Name: 'c', ServiceID: 'sieve-2', Status: 'warning' },
    }),
  ],
  'filter: lookups': [
    get('catalog/nodes', 'Meta.rack == a', found(`[${F1}]`)),
    get('catalog/nodes', 'Node matches "^f[12]$"', found(`[${F1},${F2}]`)),
    get(
      'catalog/nodes',
      'Address == 10.9.0.2',
      refused(`${EVALUATOR}1:16 (15): rule "number": Invalid number literal`),
    ),
    get('catalog/nodes', 'Address == "10.9.0.2"', found(`[${F2}]`)),
    get('catalog/node/f1', 'Service == nothing', found(`{"Node":${F1},"Services":{}}`)),
    get('catalog/node/f1', 'Port == 80', found(`{"Node":${F1},"Services":{"sieve-1":${SERVICE_1}}}`)),
    get('catalog/node-services/f1', 'Port == 80', found(`{"Node":${F1},"Services":[${SERVICE_1}]}`)),
    get('catalog/service/sieve', 'ServicePort == 1', found('[]')),
    get('health/service/sieve', 'Service.Port == 80', found(`[${HEALTH_1}]`)),
    get('health/service/sieve', 'Service.Meta.zone == north', found(`[${HEALTH_1}]`)),
    get('health/service/sieve', 'Service.Meta.zone != north', found(`[${HEALTH_2}]`)),
    get(
      'health/service/sieve',
      'blue in Service.Tags or v2 in Service.Tags',
      found(`[${HEALTH_1},${HEALTH_2}]`),
    ),
    get('health/service/sieve', 'Checks.Status == warning', found(`[${HEALTH_2}]`)),
    get('health/service/sieve', 'not (Node.Meta is empty)', found(`[${HEALTH_1}]`)),
    get(
      'health/service/sieve?passing',
      'Service.Port > 80',
      refused(
        `${EVALUATOR}1:14 (13): no match found, expected: "!=", "==", "contains", "in", "is", "matches", "not" or [ \\t\\r\\n]`,
      ),
    ),
    get('health/checks/sieve', 'Status == warning', found(`[${CHECK_2}]`)),
    get('health/node/f1', 'Status == warning', found('[]')),
    get('health/node/f1', 'ServiceName == sieve', found(`[${CHECK_1}]`)),
    get('health/state/any', 'ServiceID matches "^sieve-"', found(`[${CHECK_1},${CHECK_2}]`)),
  ],
  'filter: refusals': [
    get('catalog/node/zzz', 'z', refused(WORD)),
    get(
      'catalog/node/zzz',
      'Meta == 3',
      refused(`${EVALUATOR}Invalid match operator "Equal" for selector "Meta"`),
    ),
    get('catalog/nodes', 'Bogus == 1', refused(`${EVALUATOR}Selector "Bogus" is not valid`)),
    get('catalog/service/sieve', 'Node.Meta == 1', refused(`${EVALUATOR}Selector "Node.Meta" is not valid`)),
    get('health/service/sieve?dc=w', 'z', refused('No path to datacenter')),
    get('health/service/', 'z', { status: 400, body: 'Missing service name' }),
    get(
      'health/service/sieve',
      'Service.Port == x',
      refused(
        `${EVALUATOR}Failed to coerce value "x" for selector "Service.Port": strconv.ParseInt: parsing "x": invalid syntax`,
      ),
    ),
    get(
      'health/service/sieve',
      'Checks.Definition == x',
      refused(`${EVALUATOR}Selector "Checks.Definition" is not valid`),
    ),
    get(
      'catalog/nodes',
      'Meta.rack matches "("',
      refused(
        `${EVALUATOR}Failed to compile regular expression "(": error parsing regexp: missing closing ): \`(\``,
      ),
    ),
    get('agent/services', 'z', { status: 500, body: WORD }),
    get('agent/checks', 'z', { status: 500, body: WORD }),
  ],
};
