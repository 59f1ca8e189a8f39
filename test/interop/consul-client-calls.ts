/** A call of the npm client that answers the same on Consul and on Rollcall. */
export interface ClientCall {
  /** Path from the client, such as `agent.check.pass`. */
  readonly method: string;
  /** `$NAME` in a text is what an earlier call kept under that name. */
  readonly args: readonly unknown[];
  /** Changes nothing, and is repeated until the answers settle: Consul's agent tells its catalog by and by. */
  readonly isRead: boolean;
  /** Name under which the `ID` of the answer is kept. */
  readonly keep?: string;
  /** The part of the answer that is compared, where the rest tells of the program itself. */
  readonly compared?: (answer: unknown) => unknown;
  /** Why the answers are not the same. */
  readonly differs?: string;
}

type Extra = Pick<ClientCall, 'keep' | 'compared' | 'differs'>;

const call = (method: string, args: readonly unknown[] = [], extra: Extra = {}): ClientCall => ({
  method,
  args,
  isRead: false,
  ...extra,
});
const read = (method: string, args: readonly unknown[] = [], extra: Extra = {}): ClientCall => ({
  ...call(method, args, extra),
  isRead: true,
});

/** A refusal that later versions word otherwise, or give another status. */
const LATER = { differs: 'as later versions do' };

const WEB = {
  name: 'web',
  id: 'web-1',
  tags: ['v1'],
  meta: { version: '1' },
  address: '10.0.0.1',
  port: 80,
  checks: [{ ttl: '10m', status: 'warning', notes: 'a note' }],
};

const AGENT: readonly ClientCall[] = [
  call('agent.service.register', [WEB]),
  call('agent.service.register', [{ name: 'api', connect: { native: true } }]),
  call('agent.service.register', [{}]),
  read('agent.service.list'),
  read('agent.services'),
  call('agent.check.register', [{ name: 'disk', id: 'disk', ttl: '10m', notes: 'n' }]),
  call('agent.check.register', [{ name: 'of-web', ttl: '10m', serviceid: 'web-1', status: 'passing' }]),
  call('agent.check.register', [{ name: 'orphan', ttl: '10m', serviceid: 'nothing' }], LATER),
  call('agent.check.pass', [{ id: 'disk', note: 'fine' }]),
  call('agent.check.warn', ['of-web']),
  call('agent.check.fail', [{ id: 'of-web', note: 'down' }]),
  call('agent.check.pass', ['service:web-1']),
  call('agent.check.pass', ['unknown'], LATER),
  call('agent.check.warn', ['unknown'], LATER),
  call('agent.check.fail', ['unknown'], LATER),
  read('agent.check.list'),
  read('agent.checks'),
  read('health.service', ['web']),
  read('health.service', [{ service: 'web', passing: true }]),
  call('agent.check.pass', ['of-web']),
  read('health.service', [{ service: 'web', passing: true, tag: 'v1' }]),
  call('agent.service.maintenance', [{ id: 'web-1', enable: true, reason: 'upgrade' }]),
  read('health.checks', ['web']),
  call('agent.service.maintenance', [{ id: 'web-1', enable: false }]),
  call('agent.service.maintenance', [{ id: 'unknown', enable: true }], LATER),
  call('agent.maintenance', [{ enable: true, reason: 'patches' }]),
  read('health.node', ['agent-1']),
  call('agent.maintenance', [false]),
  read('agent.members', [], { compared: membersShown }),
  read('agent.self', [], { compared: selfShown }),
  call('agent.join', ['127.0.0.1:1'], {
    differs: 'registry nodes meet in their store, and have nobody to join',
  }),
  call('agent.forceLeave', ['nobody']),
];

const CATALOG: readonly ClientCall[] = [
  call('catalog.register', ['external-0']),
  call('catalog.register', [
    {
      node: 'external',
      address: '10.1.0.1',
      nodemeta: { rack: 'r1' },
      taggedaddresses: { lan: { address: '10.1.0.1', port: 1 } },
    },
  ]),
  call('catalog.register', [
    {
      node: 'external',
      address: '10.1.0.1',
      nodemeta: { rack: 'r1' },
      service: { service: 'db', id: 'db-1', tags: ['primary'], port: 5432 },
      check: { node: 'external', name: 'db is up', checkid: 'db-up', serviceid: 'db-1', status: 'passing' },
    },
  ]),
  call('catalog.register', [{ node: 'external' }]),
  read('catalog.datacenters'),
  read('catalog.nodes', [], { compared: withoutTheRegistry }),
  read('catalog.node.list', [{ filter: 'Meta.rack == "r1"' }]),
  read('catalog.node.list', [{ 'node-meta': 'rack:r1' }]),
  read('catalog.node.list', [{ dc: 'nowhere' }]),
  read('catalog.node.services', ['external']),
  read('catalog.node.services', ['nobody']),
  read('catalog.services'),
  read('catalog.service.list'),
  read('catalog.service.nodes', ['db']),
  read('catalog.service.nodes', [{ service: 'db', tag: 'replica' }]),
  read('catalog.service.nodes', ['nothing']),
  read('catalog.connect.nodes', ['api']),
  read('catalog.connect.nodes', ['db']),
  read('health.node', ['external']),
  read('health.checks', ['db']),
  read('health.service', [{ service: 'db', near: '_agent' }]),
  read('health.service', [{ service: 'db', filter: 'nonsense' }]),
  read('health.state', ['warning']),
  read('health.state', ['any'], { compared: withoutTheRegistry }),
  read('health.state', ['bad']),
];

const KV: readonly ClientCall[] = [
  call('kv.set', ['a/one', '1']),
  call('kv.set', [{ key: 'a/two', value: Buffer.from([0, 255]), flags: 42 }]),
  call('kv.set', [{ key: 'a/one', value: 'never', cas: 0 }]),
  call('kv.set', ['a/b/three', 'ü', { flags: '18446744073709551615' }]),
  call('kv.set', ['/slash', 'x']),
  read('kv.get', ['a/one']),
  read('kv.get', [{ key: 'a/two', raw: true }]),
  read('kv.get', [{ key: 'a/', recurse: true }]),
  read('kv.get', [{ key: 'a/two', buffer: true, consistent: true }]),
  read('kv.get', ['missing']),
  read('kv.keys', ['a/']),
  read('kv.keys', [{ key: 'a/', separator: '/' }]),
  read('kv.keys', ['missing']),
  call('kv.del', [{ key: 'a/one', cas: 1 }]),
  call('kv.del', ['a/one']),
  call('kv.delete', [{ key: 'a/', recurse: true }]),
  read('kv.keys', [{ stale: true }]),
];

const SESSIONS: readonly ClientCall[] = [
  call('session.create', [{ name: 'mine', ttl: '60s', behavior: 'delete', lockdelay: '5s' }], {
    keep: 'MINE',
  }),
  call('session.create', [{ ttl: '1s' }]),
  call('session.create', [{ node: 'nobody' }]),
  call('session.create', [], { keep: 'OTHER' }),
  read('session.info', ['$MINE']),
  read('session.get', ['$MINE']),
  read('session.get', ['00000000-0000-4000-8000-000000000000']),
  read('session.node', ['agent-1'], { compared: byName }),
  read('session.list', [], { compared: byName }),
  call('session.renew', ['$MINE']),
  call('session.renew', ['00000000-0000-4000-8000-000000000000']),
  call('kv.set', [{ key: 'lock', value: 'x', acquire: '$MINE' }]),
  call('kv.set', [{ key: 'lock', value: 'y', acquire: '$OTHER' }]),
  read('kv.get', ['lock']),
  call('kv.set', [{ key: 'lock', value: 'z', release: '$MINE' }]),
  call('kv.set', [{ key: 'lock', value: 'y', acquire: '$OTHER' }]),
  call('session.destroy', ['$OTHER']),
  call('session.destroy', ['$MINE']),
  read('session.list', [], { compared: byName }),
  read('kv.get', ['lock']),
];

const EVENTS: readonly ClientCall[] = [
  call('event.fire', ['deploy', 'now']),
  call('event.fire', [
    { name: 'deploy', payload: Buffer.from([1, 0]), node: 'agent-1', service: 'web', tag: 'v1' },
  ]),
  call('event.fire', ['bare']),
  read('event.list', ['deploy']),
  read('event.list'),
  read('event.list', ['none']),
];

/** What the parentheses of a template's expression matched. */
const MATCHED = ['$', '{match(1)}'].join('');

const QUERY = {
  name: 'db',
  service: {
    service: 'db',
    onlypassing: true,
    tags: ['primary'],
    failover: { nearestn: 2, datacenters: ['dc1'] },
  },
  dns: { ttl: '5s' },
};

const QUERIES: readonly ClientCall[] = [
  call('query.create', [QUERY], { keep: 'QUERY' }),
  call('query.create', [QUERY]),
  call('query.create', [
    {
      name: 'any-',
      template: { type: 'name_prefix_match', regexp: '^any-(.*)$' },
      service: { service: MATCHED },
    },
  ]),
  read('query.list', [], { compared: byName }),
  read('query.get', ['$QUERY']),
  read('query.get', ['00000000-0000-4000-8000-000000000000']),
  read('query.execute', ['db']),
  read('query.execute', [{ query: 'any-db', near: '_agent' }]),
  read('query.execute', ['nothing']),
  read('query.explain', ['any-db']),
  call('query.update', [{ query: '$QUERY', ...QUERY, name: 'db2' }]),
  read('query.get', ['$QUERY']),
  call('query.destroy', ['$QUERY']),
  call('query.destroy', ['$QUERY']),
];

const TRANSACTIONS: readonly ClientCall[] = [
  call('transaction.create', [
    [
      { KV: { Verb: 'set', Key: 't/a', Value: 'MQ==' } },
      { KV: { Verb: 'get', Key: 't/a' } },
      { Node: { Verb: 'get', Node: { Node: 'external' } } },
    ],
  ]),
  call('transaction.create', [
    [{ KV: { Verb: 'check-not-exists', Key: 't/a' } }, { KV: { Verb: 'set', Key: 't/b', Value: 'MQ==' } }],
  ]),
  read('kv.get', ['t/b']),
];

/** Tokens of a Consul without access control, which is what both are. */
const ACL: readonly ClientCall[] = [
  call('acl.bootstrap'),
  call('acl.replication'),
  call('acl.legacy.create', [{ name: 'n', type: 'client', rules: '' }]),
  call('acl.legacy.update', [{ id: 'x', rules: '' }]),
  call('acl.legacy.destroy', ['x']),
  call('acl.legacy.info', ['x']),
  call('acl.legacy.get', ['x']),
  call('acl.legacy.clone', ['x']),
  call('acl.legacy.list'),
];

const ENDS: readonly ClientCall[] = [
  read('status.leader'),
  read('status.peers'),
  call('agent.check.deregister', ['disk']),
  call('agent.check.deregister', ['disk'], LATER),
  call('agent.service.deregister', ['web-1']),
  call('agent.service.deregister', ['web-1'], LATER),
  call('catalog.deregister', [{ node: 'external', serviceid: 'db-1' }]),
  call('catalog.deregister', ['external']),
  call('catalog.deregister', ['external']),
  read('health.node', ['external']),
  // At the end, because a Consul without a data directory forgets what was registered.
  call('agent.reload'),
];

/** In order: later ones build on what earlier ones did. */
export const CLIENT_CALLS: readonly ClientCall[] = [
  ...AGENT,
  ...CATALOG,
  ...KV,
  ...SESSIONS,
  ...EVENTS,
  ...QUERIES,
  ...TRANSACTIONS,
  ...ACL,
  ...ENDS,
];

/** Consul's agent is its own server; ours is a node of its own, and the registry's node another. */
function withoutTheRegistry(answer: unknown): unknown {
  return (answer as { Node: string }[]).filter(({ Node }) => Node !== 'registry-1');
}

/** Lists come in the order of ids, which are random. */
function byName(answer: unknown): unknown {
  return [...(answer as { Name: string }[])].sort((a, b) => a.Name.localeCompare(b.Name));
}

/** Tags tell versions, ports and ids of the gossip protocol, and we have one member more, the registry's node. */
function membersShown(answer: unknown): unknown {
  const members = answer as { Name: string; Addr: string; Status: number }[];
  return members
    .filter(({ Name }) => Name === 'agent-1')
    .map(({ Name, Addr, Status }) => ({ Name, Addr, Status }));
}

/** The rest is the whole configuration, and the gossip protocol's state. */
function selfShown(answer: unknown): unknown {
  const { Config, Member } = answer as Record<'Config' | 'Member', Record<string, unknown>>;
  const { Datacenter, NodeName, Server } = Config;
  return { Datacenter, NodeName, Server, member: Member['Name'] };
}
