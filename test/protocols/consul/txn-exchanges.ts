import type { Exchange, Expected } from './exchange.ts';

type Answer187 = NonNullable<Exchange['consul187']>;

const FRESH =
  ',"Index":1,"LastContact":0,"KnownLeader":true,"ConsistencyLevel":"","NotModified":false,"Backend":0,"ResultsFilteredByACLs":false';
const FRESH_187 = ',"Index":0,"LastContact":0,"KnownLeader":true,"ConsistencyLevel":""';

const kv = (Verb: string, Key: string, fields: object = {}) => ({ KV: { Verb, Key, ...fields } });
const node = (Verb: string, fields: object) => ({ Node: { Verb, Node: fields } });
const service = (Verb: string, Node: string, fields: object) => ({
  Service: { Verb, Node, Service: fields },
});
const check = (Verb: string, fields: object) => ({ Check: { Verb, Check: fields } });

const send = (operations: unknown, answer: Expected, consul187?: Answer187): Exchange => ({
  send: 'PUT /v1/txn',
  body: operations,
  answer,
  ...(consul187 === undefined ? {} : { consul187 }),
});

/** A transaction that writes, with what it answers. */
const done = (operations: readonly object[], ...results: string[]): Exchange =>
  send(operations, { status: 200, body: `{"Results":[${results.join(',')}],"Errors":null}` });

function errors(whats: Readonly<Record<number, string>>): string {
  const listed = Object.entries(whats).map(
    ([index, what]) => `{"OpIndex":${index},"What":${JSON.stringify(what)}}`,
  );
  return `{"Results":null,"Errors":[${listed.join(',')}]`;
}

/** A transaction that writes and fails, by the positions of what is wrong; `old` is how 1.8.7 says it. */
const fails = (
  operations: readonly object[],
  whats: Readonly<Record<number, string>>,
  old?: Readonly<Record<number, string>>,
): Exchange =>
  send(operations, { status: 409, body: `${errors(whats)}}` }, old && { body: `${errors(old)}}` });

/** A transaction that only reads, with what it answers. */
const reads = (operations: unknown, ...results: string[]): Exchange => {
  const body = `{"Results":[${results.join(',')}],"Errors":null`;
  return send(
    operations,
    { status: 200, body: `${body}${FRESH}}`, meta: 'txn' },
    { body: `${body}${FRESH_187}}` },
  );
};

const readFails = (
  operations: readonly object[],
  whats: Readonly<Record<number, string>>,
  old = whats,
): Exchange =>
  send(
    operations,
    { status: 409, body: `${errors(whats)}${FRESH}}`, meta: 'txn' },
    { body: `${errors(old)}${FRESH_187}}` },
  );

const unreadable = (body: unknown, reason: string): Exchange =>
  send(body, { status: 400, body: `Failed to parse body: ${reason}` });

function pair(key: string, value: string, fields: { lock?: number; session?: string; flags?: string } = {}) {
  const { lock = 0, session, flags = '0' } = fields;
  const held = session === undefined ? '' : `"Session":"${session}",`;
  return `{"KV":{"LockIndex":${String(lock)},"Key":"${key}","Flags":${flags},"Value":${value},${held}"CreateIndex":0,"ModifyIndex":0}}`;
}

function nodeResult(name: string, address: string, id = '', meta = 'null'): string {
  return `{"Node":{"ID":"${id}","Node":"${name}","Address":"${address}","Datacenter":"dc1","TaggedAddresses":null,"Meta":${meta},"CreateIndex":0,"ModifyIndex":0}}`;
}

function serviceResult(id: string, name: string, tags: string, port: number): string {
  const shownPort = port === 0 ? '' : `"Port":${String(port)},`;
  return `{"Service":{"ID":"${id}","Service":"${name}","Tags":${tags},"Address":"","Meta":null,${shownPort}"Weights":{"Passing":1,"Warning":1},"EnableTagOverride":false,"Proxy":{"Mode":"","MeshGateway":{},"Expose":{}},"Connect":{},"PeerName":"","CreateIndex":0,"ModifyIndex":0}}`;
}

function checkResult(id: string, name: string, status: string, ofService = ['', '', 'null']): string {
  const [serviceId = '', serviceName = '', tags = ''] = ofService;
  return `{"Check":{"Node":"tn","CheckID":"${id}","Name":"${name}","Status":"${status}","Notes":"","Output":"","ServiceID":"${serviceId}","ServiceName":"${serviceName}","ServiceTags":${tags},"Type":"","Interval":"","Timeout":"","ExposedPort":0,"Definition":{},"CreateIndex":0,"ModifyIndex":0}}`;
}

const NODE_ID = 'aaaaaaaa-1111-4111-8111-111111111199';
const NAMELESS = 'Must provide service name (Service.Service) when service ID is provided';
const NAMELESS_187 = 'Must provide service name with ID';
const TN = 'tn';

const session = (keep: string, LockDelay: string): Exchange => ({
  send: 'PUT /v1/session/create',
  body: { LockDelay },
  answer: { status: 200 },
  keep,
});
const destroy = (id: string): Exchange => ({
  send: `PUT /v1/session/destroy/${id}`,
  answer: { status: 200, body: 'true' },
});
const clear: Exchange = { send: 'DELETE /v1/kv/?recurse', answer: { status: 200, body: 'true' } };

/** Exchanges about transactions, by what they are about. */
export const txnExchanges: Readonly<Record<string, readonly Exchange[]>> = {
  'txn: bodies': [
    reads([]),
    reads('null'),
    reads([{}]),
    reads([{ KV: null }]),
    unreadable('', 'EOF'),
    unreadable('{', 'unexpected EOF'),
    unreadable({}, 'json: cannot unmarshal object into Go value of type api.TxnOps'),
    unreadable('x', "invalid character 'x' looking for beginning of value"),
    unreadable([kv('set', 'a', { Value: '!!' })], 'illegal base64 data at input byte 0'),
    unreadable([kv('set', 'a', { Value: 'MQ' })], 'illegal base64 data at input byte 0'),
    unreadable(
      [kv('set', 'a', { Value: 5 })],
      'json: cannot unmarshal number into Go struct field KVTxnOp.KV.Value of type []uint8',
    ),
    unreadable(
      [kv('set', 'a', { Flags: -1 })],
      'json: cannot unmarshal number -1 into Go struct field KVTxnOp.KV.Flags of type uint64',
    ),
    unreadable(
      [kv('set', 'a', { Flags: '1' })],
      'json: cannot unmarshal string into Go struct field KVTxnOp.KV.Flags of type uint64',
    ),
    send(
      Array.from({ length: 129 }, () => kv('get', 'a')),
      { status: 413, body: 'Transaction contains too many operations (129 > 128)' },
      { body: 'Transaction contains too many operations (129 > 64)' },
    ),
    send('x'.repeat(524_289), {
      status: 413,
      body: 'Request body(524289 bytes) too large, max size: 524288 bytes. See https://www.consul.io/docs/agent/options.html#txn_max_req_len.',
    }),
    { send: 'GET /v1/txn', answer: { status: 405, headers: { Allow: 'OPTIONS,PUT' } } },
    { send: 'PUT /v1/txn?dc=zz', body: [], answer: { status: 500, body: 'No path to datacenter' } },
  ],
  'txn: keys': [
    clear,
    done(
      [
        kv('set', 'a', { Value: 'MQ==', Flags: 7 }),
        kv('get', 'a'),
        kv('set', 'b'),
        kv('get-tree', 'a'),
        kv('delete', 'b'),
        kv('delete', 'nope'),
      ],
      pair('a', 'null', { flags: '7' }),
      pair('a', '"MQ=="', { flags: '7' }),
      pair('b', 'null'),
      pair('a', '"MQ=="', { flags: '7' }),
    ),
    reads([kv('get', 'a')], pair('a', '"MQ=="', { flags: '7' })),
    readFails([kv('get', 'b')], { 0: `key "b" doesn't exist` }),
    reads([kv('get-tree', 'zz')]),
    reads([kv('check-not-exists', 'zz')]),
    readFails([kv('get', 'zz'), kv('get', 'yy'), kv('get', 'a')], {
      0: `key "zz" doesn't exist`,
      1: `key "yy" doesn't exist`,
    }),
    { ...reads([kv('get', 'a')], pair('a', '"MQ=="', { flags: '7' })), send: 'PUT /v1/txn?consistent' },
    { ...reads([kv('get', 'a')], pair('a', '"MQ=="', { flags: '7' })), send: 'PUT /v1/txn?stale' },
    readFails([kv('bogus', 'a')], { 0: 'unknown KV operation: bogus' }, { 0: 'unknown KV verb "bogus"' }),
    readFails([kv('SET', 'a')], { 0: 'unknown KV operation: SET' }, { 0: 'unknown KV verb "SET"' }),
    fails([kv('set', '')], { 0: 'Must provide key' }),
    readFails([kv('get-tree', '')], { 0: 'Must provide key' }),
    done([kv('set', 'a', { Value: 'MQ==\n' }), kv('get', 'a')], pair('a', 'null'), pair('a', '"MQ=="')),
    send('[{"kv":{"verb":"set","key":"f","flags":18446744073709551615}},{"KV":{"Verb":"get","Key":"f"}}]', {
      status: 200,
      body: `{"Results":[${[1, 2].map(() => pair('f', 'null', { flags: '18446744073709551615' })).join(',')}],"Errors":null}`,
    }),
    fails(
      [
        kv('set', 'a', { Value: 'MQ==' }),
        kv('cas', 'a', { Index: 99 }),
        kv('cas', 'new', { Index: 0 }),
        kv('delete-cas', 'a', { Index: 5 }),
        kv('delete-cas', 'none', { Index: 5 }),
        kv('cas', 'none2', { Index: 5 }),
        kv('check-not-exists', 'a'),
        kv('check-index', 'nokey', { Index: 3 }),
        kv('check-session', 'a', { Session: 'x' }),
        kv('check-session', 'nokey', { Session: 'x' }),
        kv('unlock', 'a', { Session: 'x' }),
        kv('delete-cas', 'a', { Index: 0 }),
      ],
      {
        1: 'failed to set key "a", index is stale',
        3: 'failed to delete key "a", index is stale',
        5: 'failed to set key "none2", index is stale',
        6: 'key "a" exists',
        7: `failed to check index, key "nokey" doesn't exist`,
        8: 'failed session check for key "a", current session "" != "x"',
        9: `failed to check session, key "nokey" doesn't exist`,
        10: `failed to unlock key "a", lock isn't held, or is held by another session`,
        11: 'failed to delete key "a", index is stale',
      },
    ),
    { send: 'GET /v1/kv/new', answer: { status: 404, body: '', meta: 'kv' } },
    done(
      [
        kv('cas', 'cc', { Index: 0, Value: 'MQ==' }),
        kv('delete', 'cc'),
        kv('set', 'cc', { Value: 'Mg==' }),
        kv('get-tree', 'c'),
        kv('delete-tree', 'c'),
        kv('check-not-exists', 'cc'),
      ],
      pair('cc', 'null'),
      pair('cc', 'null'),
      pair('cc', '"Mg=="'),
    ),
    done([kv('delete-tree', '')]),
    { send: 'GET /v1/kv/?keys', answer: { status: 200, body: '[]', meta: 'kv' } },
  ],
  'txn: locks': [
    session('TXA', '0s'),
    session('TXB', '15s'),
    fails(
      [
        kv('lock', 'tlk', { Session: '$TXA' }),
        kv('check-session', 'tlk', { Session: '$TXA' }),
        kv('lock', 'tlk', { Session: '$TXB' }),
        kv('check-session', 'tlk', { Session: '$TXB' }),
      ],
      {
        2: 'failed to lock key "tlk", lock is already held',
        3: 'failed session check for key "tlk", current session "$TXA" != "$TXB"',
      },
    ),
    done(
      [
        kv('lock', 'tlk', { Session: '$TXA', Value: 'eA==' }),
        kv('lock', 'tlk', { Session: '$TXA', Value: 'eQ==', Flags: 3 }),
        kv('get', 'tlk'),
      ],
      pair('tlk', 'null', { lock: 1, session: '$TXA' }),
      pair('tlk', 'null', { lock: 1, session: '$TXA', flags: '3' }),
      pair('tlk', '"eQ=="', { lock: 1, session: '$TXA', flags: '3' }),
    ),
    fails([kv('lock', 'tlk', { Session: '$TXB' })], { 0: 'failed to lock key "tlk", lock is already held' }),
    fails([kv('lock', 'l2', { Session: '' })], { 0: 'missing session' }),
    fails([kv('lock', 'l2', { Session: 'abc' })], {
      0: 'failed session lookup: index error: UUID must be 36 characters',
    }),
    fails([kv('lock', 'l2', { Session: NODE_ID })], { 0: `invalid session "${NODE_ID}"` }),
    done(
      [kv('unlock', 'tlk', { Session: '$TXA', Value: 'eg==' }), kv('get', 'tlk')],
      pair('tlk', 'null', { lock: 1 }),
      pair('tlk', '"eg=="', { lock: 1 }),
    ),
    done([kv('lock', 'tlk', { Session: '$TXB' })], pair('tlk', 'null', { lock: 2, session: '$TXB' })),
    destroy('$TXB'),
    fails([kv('lock', 'tlk', { Session: '$TXA' }), kv('set', 'tlk2')], {
      0: 'failed to lock key "tlk" due to lock delay',
    }),
    destroy('$TXA'),
    clear,
  ],
  'txn: nodes': [
    done([node('set', { Node: TN, Address: '1.2.3.4' })], nodeResult(TN, '1.2.3.4')),
    reads([node('get', { Node: TN })], nodeResult(TN, '1.2.3.4')),
    readFails([node('get', { Node: 'nx' })], { 0: `node "nx" doesn't exist` }),
    readFails([node('get', { ID: '5' })], {
      0: "node lookup by ID failed, wrong UUID: uuid string is wrong length for '5'",
    }),
    fails([node('set', { Node: '' })], { 0: 'Must provide node' }),
    fails([node('set', { Node: 'x', ID: '5' })], { 0: 'Bad node ID: uuid string is wrong length' }),
    done(
      [node('set', { Node: TN, ID: NODE_ID, Address: '1.2.3.5', Meta: { a: 'b' } })],
      nodeResult(TN, '1.2.3.5', NODE_ID, '{"a":"b"}'),
    ),
    reads([node('get', { ID: NODE_ID })], nodeResult(TN, '1.2.3.5', NODE_ID, '{"a":"b"}')),
    fails([node('cas', { Node: TN, ModifyIndex: 1 }), node('cas', { Node: 'nx', ModifyIndex: 5 })], {
      0: 'failed to set node "tn", index is stale',
      1: 'failed to set node "nx", index is stale',
    }),
    done([node('cas', { Node: 'tn3', Address: '9', ModifyIndex: 0 })], nodeResult('tn3', '9')),
    fails([node('cas', { Node: 'tn3', Address: '9', ModifyIndex: 0 })], {
      0: 'failed to set node "tn3", index is stale',
    }),
    fails([node('delete-cas', { Node: 'tn3', ModifyIndex: 5 }), node('delete-cas', { Node: 'nx' })], {
      0: 'failed to delete node "tn3", index is stale',
      1: 'failed to delete node "nx", index is stale',
    }),
    done([node('delete', { Node: 'nx' }), node('delete', { Node: 'tn3' })]),
    fails(
      [node('bogus', { Node: TN })],
      { 0: 'unknown node operation: bogus' },
      { 0: 'unknown Node verb "bogus"' },
    ),
  ],
  'txn: services and checks': [
    done(
      [service('set', TN, { ID: 'w1', Service: 'web', Port: 80, Tags: ['a'] })],
      serviceResult('w1', 'web', '["a"]', 80),
    ),
    reads([service('get', TN, { ID: 'w1' })], serviceResult('w1', 'web', '["a"]', 80)),
    readFails([service('get', TN, { ID: 'nx' }), service('get', 'nonode', { ID: 'w1' })], {
      0: `service "nx" on node "tn" doesn't exist`,
      1: `service "w1" on node "nonode" doesn't exist`,
    }),
    fails([service('set', 'nonode', { ID: 'w1', Service: 'web' })], { 0: 'Missing node registration' }),
    fails([service('set', TN, { Service: '' })], {
      0: 'failed inserting service: object missing primary index',
    }),
    fails([service('set', TN, { ID: 'w3' })], { 0: NAMELESS }, { 0: NAMELESS_187 }),
    fails([service('delete', TN, { ID: 'w1' })], { 0: NAMELESS }, { 0: NAMELESS_187 }),
    done([service('set', TN, { Service: 'web2' })], serviceResult('web2', 'web2', 'null', 0)),
    fails(
      [
        service('cas', TN, { ID: 'w1', Service: 'web', ModifyIndex: 1 }),
        service('cas', TN, { ID: 'w9', Service: 'web', ModifyIndex: 7 }),
        service('delete', TN, { ID: 'nx', Service: 'web' }),
        service('delete-cas', TN, { ID: 'nx', Service: 'web', ModifyIndex: 7 }),
        service('bogus', TN, { ID: 'w1', Service: 'web' }),
      ],
      {
        0: 'failed to set service "w1" on node "tn", index is stale',
        1: 'failed to set service "w9" on node "tn", index is stale',
        3: 'failed to delete service "nx" on node "tn", index is stale',
        4: 'unknown service operation: bogus',
      },
      {
        0: 'failed to set service "w1" on node "tn", index is stale',
        1: 'failed to set service "w9" on node "tn", index is stale',
        3: 'failed to delete service "nx" on node "tn", index is stale',
        4: 'unknown Service verb "bogus"',
      },
    ),
    done([service('delete', TN, { ID: 'web2', Service: 'web2' })]),
    done(
      [check('set', { Node: TN, CheckID: 'c1', Name: 'C', Status: 'passing', ServiceID: 'w1' })],
      checkResult('c1', 'C', 'passing', ['w1', 'web', '["a"]']),
    ),
    reads(
      [check('get', { Node: TN, CheckID: 'c1' })],
      checkResult('c1', 'C', 'passing', ['w1', 'web', '["a"]']),
    ),
    readFails([check('get', { Node: TN, CheckID: 'nx' })], { 0: `check "nx" on node "tn" doesn't exist` }),
    fails(
      [
        check('set', { Node: 'nonode', CheckID: 'c1' }),
        check('set', { Node: TN, CheckID: '' }),
        check('set', { Node: TN, CheckID: 'c3', ServiceID: 'nx' }),
        check('cas', { Node: TN, CheckID: 'c1', ModifyIndex: 1 }),
        check('delete-cas', { Node: TN, CheckID: 'nx', ModifyIndex: 9 }),
        check('delete', { Node: TN, CheckID: 'nx' }),
      ],
      {
        0: 'Missing node registration',
        1: 'failed inserting check: object missing primary index',
        2: 'Missing service registration',
        3: 'failed to set check "c1" on node "tn", index is stale',
        4: 'failed to delete check "nx" on node "tn", index is stale',
      },
    ),
    done([check('set', { Node: TN, Name: 'noid' })], checkResult('noid', 'noid', 'critical')),
    done([check('delete', { Node: TN, CheckID: 'c1' }), node('delete', { Node: TN })]),
    done([node('delete', { Node: 'x' })]),
  ],
};
