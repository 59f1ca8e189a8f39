import type { Exchange, Expected } from './exchange.ts';

const TRUE: Expected = { status: 200, body: 'true', headers: { 'Content-Type': 'application/json' } };
const FALSE: Expected = { status: 200, body: 'false' };
const ABSENT_ID = '11111111-1111-4111-8111-111111111112';
const NO_UUID = 'zzzzzzzz-1111-4111-8111-111111111112';
const NO_SESSION: Expected = { status: 400, body: 'Missing session' };
const WRONG_LENGTH = 'failed session lookup: index error: UUID must be 36 characters';
const WRONG_DIGIT =
  "failed session lookup: index error: Invalid UUID: encoding/hex: invalid byte: U+007A 'z'";

function refused(status: number, body: string): Expected {
  return { status, body, headers: { 'Content-Type': 'text/plain; charset=utf-8' } };
}

const put = (path: string, body: unknown, answer: Expected): Exchange => ({
  send: `PUT /v1/${path}`,
  body,
  answer,
});
const get = (path: string, answer: Expected): Exchange => ({ send: `GET /v1/${path}`, answer });
const found = (body: string): Expected => ({ status: 200, body, meta: 'kv' });

/** Creates a session and keeps its id. */
const create = (keep: string, body: unknown): Exchange => ({
  ...put('session/create', body, { status: 200, headers: { 'Content-Type': 'application/json' } }),
  keep,
});
const refuse = (body: unknown, status: number, text: string): Exchange =>
  put('session/create', body, refused(status, text));
const destroy = (id: string): Exchange => put(`session/destroy/${id}`, '', TRUE);

interface Shown {
  readonly name?: string;
  readonly node?: string;
  readonly delay?: string;
  readonly behavior?: string;
  readonly ttl?: string;
  readonly nodeChecks?: string;
  readonly serviceChecks?: string;
  readonly checks?: string;
}

function session(id: string, shown: Shown = {}): string {
  const { name = '', node = '$AGENT', delay = '15000000000', behavior = 'release', ttl = '' } = shown;
  const { nodeChecks = '["serfHealth"]', serviceChecks = 'null', checks = '' } = shown;
  return (
    `{"ID":"${id}","Name":"${name}","Node":"${node}","LockDelay":${delay},"Behavior":"${behavior}",` +
    `"TTL":"${ttl}","NodeChecks":${nodeChecks},"ServiceChecks":${serviceChecks},${checks}"CreateIndex":0,"ModifyIndex":0}`
  );
}

/** What is shown of a session that was asked for so. */
const shows = (keep: string, body: unknown, shown: Shown): Exchange[] => [
  create(keep, body),
  get(`session/info/$${keep}`, found(`[${session(`$${keep}`, shown)}]`)),
  destroy(`$${keep}`),
];

function lock(key: string, index: number, value: string, holder?: string, flags = 0): Expected {
  const held = holder === undefined ? '' : `"Session":"${holder}",`;
  return found(
    `[{"LockIndex":${String(index)},"Key":"${key}","Flags":${String(flags)},"Value":"${value}",${held}"CreateIndex":0,"ModifyIndex":0}]`,
  );
}

const checked = (status: string): Exchange =>
  put(
    'catalog/register',
    { Node: 'sn', Address: '10.9.0.1', Check: { Node: 'sn', CheckID: 'tt', Name: 'tt', Status: status } },
    TRUE,
  );

const agentChecks: readonly Exchange[] = [
  ...shows('SA', '', {}),
  ...shows('SB', {}, {}),
  ...shows('SC', 'null', {}),
  ...shows(
    'SD',
    { Name: 'db', TTL: '1m30s', Behavior: 'delete', LockDelay: '90s' },
    {
      name: 'db',
      ttl: '1m30s',
      behavior: 'delete',
      delay: '90000000000',
    },
  ),
  ...shows('SE', { TTL: '90s', LockDelay: 5, bogus: 1, ID: ABSENT_ID }, { ttl: '90s', delay: '5000000000' }),
  ...shows('SF', { TTL: '0', LockDelay: 0 }, { ttl: '0', delay: '0' }),
  ...shows('SG', { LockDelay: 999 }, { delay: '999000000000' }),
  ...shows('SH', { LockDelay: 1500.5 }, { delay: '1500' }),
  ...shows('SI', { LockDelay: '500ns' }, { delay: '500000000000' }),
  ...shows('SJ', { LockDelay: true }, { delay: '0' }),
  ...shows('SK', { LockDelay: null, Node: null }, {}),
  ...shows('SL', { Checks: [] }, { nodeChecks: '[]' }),
  ...shows('SM', { Checks: null }, { nodeChecks: '[]' }),
  ...shows('SN', { NodeChecks: [] }, { nodeChecks: '[]' }),
  ...shows('SO', { NodeChecks: null }, { nodeChecks: 'null' }),
  ...shows('SP', { ServiceChecks: [] }, { serviceChecks: '[]' }),
  ...shows(
    'SQ',
    { ServiceChecks: [{ ID: 'serfHealth' }] },
    {
      serviceChecks: '[{"ID":"serfHealth","Namespace":""}]',
    },
  ),
  ...shows('SR', { Checks: [], NodeChecks: ['serfHealth'] }, { nodeChecks: '[]' }),
];

/** Exchanges about sessions and locks, by what they are about. */
export const sessionExchanges: Readonly<Record<string, readonly Exchange[]>> = {
  'session: create': agentChecks,
  'session: refusals': [
    refuse({ Node: 'nope' }, 500, 'Missing node registration'),
    refuse({ Node: '' }, 500, 'Must provide Node'),
    refuse({ NodeChecks: ['x'] }, 500, "Missing check 'x' registration"),
    refuse({ ServiceChecks: [{ ID: 'y' }] }, 500, "Missing check 'y' registration"),
    refuse({ Checks: ['serfHealth'], NodeChecks: ['z'] }, 500, "Missing check 'z' registration"),
    refuse({ Behavior: 'zip' }, 500, "Invalid Behavior setting 'zip'"),
    refuse({ TTL: 'abc' }, 500, `Session TTL 'abc' invalid: time: invalid duration "abc"`),
    refuse({ TTL: '5s' }, 500, "Invalid Session TTL '5000000000', must be between [10s=24h0m0s]"),
    refuse({ TTL: '-5s' }, 500, "Invalid Session TTL '-5000000000', must be between [10s=24h0m0s]"),
    refuse({ TTL: '25h' }, 500, "Invalid Session TTL '90000000000000', must be between [10s=24h0m0s]"),
    refuse(
      { TTL: 10 },
      400,
      'Request decode failed: json: cannot unmarshal number into Go struct field .TTL of type string',
    ),
    refuse(
      { Name: 5 },
      400,
      'Request decode failed: json: cannot unmarshal number into Go struct field .Name of type string',
    ),
    refuse({ LockDelay: 'abc' }, 400, 'Request decode failed: time: invalid duration "abc"'),
    refuse({ LockDelay: '' }, 400, 'Request decode failed: time: invalid duration ""'),
    refuse(
      '{x',
      400,
      "Request decode failed: invalid character 'x' looking for beginning of object key string",
    ),
    put('session/create?dc=dc9', '', refused(500, 'No path to datacenter')),
    { send: 'GET /v1/session/create', answer: { status: 405, headers: { Allow: 'OPTIONS,PUT' } } },
    get('session/info/', NO_SESSION),
    get(`session/info/${ABSENT_ID}`, found('[]')),
    get('session/info/abc', { ...refused(500, WRONG_LENGTH), meta: 'refused' }),
    get(`session/info/${NO_UUID}`, { ...refused(500, WRONG_DIGIT), meta: 'refused' }),
    { send: 'PUT /v1/session/info/x', answer: { status: 405, headers: { Allow: 'OPTIONS,GET' } } },
    put('session/renew/', '', NO_SESSION),
    put('session/renew/abc', '', refused(500, WRONG_LENGTH)),
    put(`session/renew/${ABSENT_ID}`, '', refused(404, `Session id '${ABSENT_ID}' not found`)),
    put('session/destroy/', '', NO_SESSION),
    put('session/destroy/abc', '', refused(500, WRONG_LENGTH)),
    put(`session/destroy/${NO_UUID}`, '', refused(500, WRONG_DIGIT)),
    put(`session/destroy/${ABSENT_ID}`, '', TRUE),
    get('session/node/', { status: 400, body: 'Missing node name' }),
    get('session/node/nope', found('[]')),
    get('session/list?index=abc', refused(400, 'Invalid index')),
  ],
  'session: nodes and checks': [
    checked('critical'),
    refuse({ Node: 'sn', NodeChecks: ['tt'] }, 500, "Check 'tt' is in critical state"),
    refuse({ Node: 'sn', Checks: ['tt'], NodeChecks: ['zz'] }, 500, "Check 'tt' is in critical state"),
    refuse({ Node: 'sn' }, 500, "Missing check 'serfHealth' registration"),
    checked('warning'),
    create('TA', { Node: 'sn', Checks: ['tt'], NodeChecks: ['tt'] }),
    get(
      'session/node/sn',
      found(`[${session('$TA', { node: 'sn', nodeChecks: '["tt"]', checks: '"Checks":["tt"],' })}]`),
    ),
    put('session/renew/$TA', '', {
      status: 200,
      body: `[${session('$TA', { node: 'sn', nodeChecks: '["tt"]', checks: '"Checks":["tt"],' })}]`,
    }),
    put('kv/sn-lock?acquire=$TA', 'x', TRUE),
    checked('critical'),
    get('session/node/sn', found('[]')),
    get('kv/sn-lock', lock('sn-lock', 1, 'eA==')),
    checked('passing'),
    create('TB', { Node: 'SN', NodeChecks: ['tt'], LockDelay: '0s' }),
    get('session/node/sn', found(`[${session('$TB', { node: 'SN', nodeChecks: '["tt"]', delay: '0' })}]`)),
    put('kv/sn-lock?acquire=$TB', 'y', FALSE),
    put('catalog/deregister', { Node: 'sn', CheckID: 'tt' }, TRUE),
    get('session/node/SN', found('[]')),
    create('TC', { Node: 'sn', NodeChecks: [] }),
    put('catalog/deregister', { Node: 'sn' }, TRUE),
    get('session/info/$TC', found('[]')),
    get('session/list', found('[]')),
  ],
  'session: locks': [
    create('A', { Name: 'a' }),
    create('B', { Name: 'b', LockDelay: '0s' }),
    create('C', { Behavior: 'delete', LockDelay: 0 }),
    put('kv/lk?acquire=', 'x', refused(500, 'missing session')),
    put('kv/lk?release=', 'x', refused(500, 'missing session')),
    put('kv/lk?acquire=abc', 'x', refused(500, WRONG_LENGTH)),
    put('kv/lk?release=abc', 'x', FALSE),
    put(`kv/lk?acquire=${NO_UUID}`, 'x', refused(500, WRONG_DIGIT)),
    put(`kv/lk?acquire=${ABSENT_ID}`, 'x', refused(500, `invalid session "${ABSENT_ID}"`)),
    put('kv/lk?acquire=$A&flags=5', 'v1', TRUE),
    get('kv/lk', lock('lk', 1, 'djE=', '$A', 5)),
    put('kv/lk?acquire=$A', 'v2', TRUE),
    put('kv/lk?acquire=$A', 'v2', TRUE),
    get('kv/lk', lock('lk', 1, 'djI=', '$A')),
    put('kv/lk?acquire=$B', 'v3', FALSE),
    put('kv/lk?release=$B', 'v3', FALSE),
    put('kv/lk', 'v4', TRUE),
    get('kv/lk', lock('lk', 0, 'djQ=', '$A')),
    put('kv/lk?acquire=$A', 'v5', TRUE),
    get('kv/lk', lock('lk', 0, 'djU=', '$A')),
    put('kv/lk?release=$A', 'v6', TRUE),
    put('kv/lk?release=$A', 'v6', FALSE),
    get('kv/lk', lock('lk', 0, 'djY=')),
    put('kv/lk?acquire=$B', 'v7', TRUE),
    get('kv/lk', lock('lk', 1, 'djc=', '$B')),
    destroy('$B'),
    get('kv/lk', lock('lk', 1, 'djc=')),
    put('kv/lk?acquire=$A', 'v8', TRUE),
    get('kv/lk', lock('lk', 2, 'djg=', '$A')),
    destroy('$A'),
    get('kv/lk', lock('lk', 2, 'djg=')),
    create('A', {}),
    put('kv/lk?acquire=$A', 'v9', FALSE),
    { send: 'DELETE /v1/kv/lk', answer: TRUE },
    put('kv/lk?acquire=$A', 'v9', FALSE),
    put('kv/lk', 'free', TRUE),
    put('kv/gone?acquire=$C', 'x', TRUE),
    destroy('$C'),
    get('kv/gone', { status: 404, body: '', meta: 'kv' }),
    put('kv/gone?acquire=$A', 'x', TRUE),
    get('kv/gone?raw', { status: 200, body: 'x', meta: 'kv' }),
    destroy('$A'),
    { send: 'DELETE /v1/kv/?recurse', answer: TRUE },
  ],
};
