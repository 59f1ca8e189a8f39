import { expect } from 'chai';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ConfigError, loadAgentConfig } from '../../src/config/index.ts';

const FIXTURES = fileURLToPath(new URL('../fixtures/consul-agent', import.meta.url));
const NO_DIRECTORY = () => {
  throw new Error('no temporary directory was to be made');
};

const load = (argv: readonly string[], env: Record<string, string> = {}) =>
  loadAgentConfig(argv, env, NO_DIRECTORY);

describe("Consul's own agent configuration", () => {
  it('of a server with Raft, gossip, TLS, ACL and telemetry keys', () => {
    const { config, leftAside, definitions, nodeMeta } = load(['-config-dir', join(FIXTURES, 'server')]);
    expect(config).to.deep.include({
      datacenter: 'east-1',
      nodeName: 'consul-server-1',
      agentName: 'consul-server-1',
      agentId: '3f2504e0-4f89-41d3-9a0c-0305e82c3301',
      dataDir: '/opt/consul/rollcall',
      bind: '0.0.0.0',
      dnsBind: '0.0.0.0',
      advertise: '10.20.30.40',
      logLevel: 'warn',
      httpPort: 18500,
      dnsPort: 18600,
      dnsEnabled: true,
      httpMaxConnsPerClient: 1000,
      kvMaxValueBytes: 1_048_576,
      dnsNodeTtl: 30,
      dnsServiceTtl: ['*=5', 'web=60', 'api-*=0'],
      dnsOnlyPassing: true,
      dnsEnableTruncate: true,
      dnsUdpAnswerLimit: 8,
      dnsARecordLimit: 4,
      dnsRecursors: ['10.0.0.2', '[fd00::53]:5353'],
      dnsRecursorTimeoutMs: 1000,
      dnsRecursorStrategy: 'random',
      dnsSoaRefresh: 60,
      dnsSoaMinTtl: 3,
    });
    expect(leftAside).to.deep.equal(SERVER_LEFT_ASIDE);
    expect(definitions).to.deep.equal([]);
    expect(nodeMeta).to.deep.equal({});
  });

  it('of a client with services and checks', () => {
    const { config, leftAside, definitions, nodeMeta } = load(['--config-dir=' + join(FIXTURES, 'client')]);
    expect(config).to.deep.include({
      datacenter: 'dc7',
      nodeName: 'app-host-17',
      agentName: 'app-host-17',
      bind: '127.0.0.1',
      dnsBind: '127.0.0.2',
      dnsEnabled: false,
      advertise: '192.0.2.17',
      checkUpdateIntervalMs: 60_000,
    });
    expect(leftAside).to.deep.equal([
      'addresses.grpc',
      'disable_update_check',
      'enable_local_script_checks',
      'start_join',
      'watches',
    ]);
    expect(nodeMeta).to.deep.equal({ Rack: 'r7', zone: 'a' });
    const keys = definitions.map(({ content }) => Object.keys(content as object));
    expect(keys).to.deep.equal([['service', 'check', 'checks'], ['services']]);
  });

  it('gives a flag, with one dash or two, precedence over the environment, and that over the files', () => {
    const file = join(FIXTURES, 'client', 'agent.json');
    const argv = [
      '-config-file',
      file,
      '--node=flag',
      '-http-port',
      '7',
      '-bind=192.0.2.9',
      '-client',
      '127.0.0.3',
    ];
    const { config } = load([...argv, '-data-dir', '/d', '-dns-port=9', '-node-meta', 'zone:b:c'], {
      ROLLCALL_NODE_NAME: 'env',
      ROLLCALL_DATACENTER: 'env-dc',
    });
    expect(config).to.include({
      nodeName: 'flag',
      agentName: 'flag',
      datacenter: 'env-dc',
      httpPort: 7,
      dnsPort: 9,
      bind: '127.0.0.3',
      dnsBind: '127.0.0.2',
      advertise: '192.0.2.17',
      dataDir: '/d/rollcall',
    });
    expect(load([...argv, '-node-meta', 'zone:b:c']).nodeMeta).to.deep.equal({ Rack: 'r7', zone: 'b:c' });
  });

  it('-dev keeps nothing, and is called as its host is', () => {
    const { config } = loadAgentConfig(['-dev'], {}, () => '/made');
    expect(config).to.include({
      dataDir: '/made',
      bind: '127.0.0.1',
      nodeName: hostname(),
      agentName: hostname(),
    });
    expect(config.advertise).to.equal(undefined);
    expect(load(['-dev', '-data-dir', '/d']).config.dataDir).to.equal('/d/rollcall');
    expect(load(['-dev'], { ROLLCALL_DATA_DIR: '/e' }).config.dataDir).to.equal('/e');
  });

  it('takes the last value, joins lists and merges objects over several files', () => {
    const { config, nodeMeta } = withFiles(
      {
        'a.json': {
          datacenter: 'a',
          recursors: ['10.0.0.1'],
          node_meta: { x: '1', y: '1' },
          ports: { http: 1 },
        },
        'b.json': { datacenter: 'b', recursors: ['10.0.0.2'], node_meta: { y: '2' }, ports: { dns: 2 } },
      },
      (directory) => load(['-config-dir', directory]),
    );
    expect(config).to.deep.include({
      datacenter: 'b',
      dnsRecursors: ['10.0.0.1', '10.0.0.2'],
      httpPort: 1,
      dnsPort: 2,
    });
    expect(nodeMeta).to.deep.equal({ x: '1', y: '2' });
  });

  it('Compat(consul): a file that ends in neither .json nor .hcl is passed over unless the format is given', () => {
    const datacenter = (...argv: string[]) =>
      withFiles({ 'agent.conf': { datacenter: 'dc9' } }, (directory) =>
        load([...argv, '-config-file', join(directory, 'agent.conf')]),
      ).config.datacenter;
    expect(datacenter()).to.equal('dc1');
    expect(datacenter('-config-format=json')).to.equal('dc9');
  });

  it('names listeners that it does not open', () => {
    const { config, leftAside } = withFiles(
      {
        'a.json': {
          client_addr: '127.0.0.1 127.0.0.9',
          addresses: { http: 'unix:///run/consul.sock 127.0.0.4' },
        },
      },
      (directory) => load(['-config-dir', directory]),
    );
    expect(config).to.include({ bind: '127.0.0.4', dnsBind: '127.0.0.1' });
    expect(leftAside).to.deep.equal(['addresses.http (unix:///run/consul.sock)', 'client_addr (127.0.0.9)']);
  });

  for (const [name, argv, message] of refusedFlags())
    it(`refuses ${name}`, () => {
      expect(() => load(argv)).to.throw(ConfigError, message);
    });

  for (const [content, message] of refusedFiles())
    it(`refuses ${JSON.stringify(content)}`, () => {
      const start = () => withFiles({ 'a.json': content }, (directory) => load(['-config-dir', directory]));
      expect(start).to.throw(ConfigError, message);
    });
});

function withFiles<T>(files: Readonly<Record<string, unknown>>, use: (directory: string) => T): T {
  const directory = mkdtempSync(join(tmpdir(), 'rollcall-agent-'));
  try {
    for (const [name, content] of Object.entries(files))
      writeFileSync(join(directory, name), typeof content === 'string' ? content : JSON.stringify(content));
    return use(directory);
  } finally {
    rmSync(directory, { recursive: true });
  }
}

function refusedFlags(): readonly (readonly [string, readonly string[], RegExp])[] {
  return [
    ['an unknown flag', ['-nod', 'x'], /^unknown flag -nod; did you mean -node\?$/],
    ['an argument that is no flag', ['-dev', 'extra'], /^unexpected argument "extra"$/],
    ['a flag without its value', ['-node'], /^-node: needs a value$/],
    ['a port that is no number', ['-http-port', 'abc'], /^-http-port: expected a whole number, got "abc"$/],
    ['a port out of range', ['-http-port', '70000'], /^-http-port: expected a port number/],
    ['a switch with another value', ['-dev=maybe'], /^-dev: expected true or false, got "maybe"$/],
    ['an id that is no UUID', ['-node-id', '5'], /^-node-id: expected a UUID/],
    ['a host name to bind to', ['-bind', 'localhost'], /^-bind: expected IP addresses, got "localhost"$/],
    ['several addresses to bind to', ['-bind', '10.0.0.1 10.0.0.2'], /^-bind: expected one IP address/],
    ['a template that it does not know', ['-bind', '{{ GetMagic }}'], /no address for the template/],
    ['HTTP switched off', ['-http-port', '-1'], /^-http-port: HTTP cannot be switched off/],
    ['HCL on the command line', ['-hcl', 'a = 1'], /^-hcl: HCL is not supported/],
    ['HCL as the format', ['-config-format=hcl'], /^-config-format: only json is supported/],
    [
      'HCL in a directory',
      ['-config-dir', join(FIXTURES, 'hcl')],
      /consul\.hcl: HCL is not supported; write/,
    ],
    ['HCL in a file', ['-config-file', join(FIXTURES, 'hcl', 'consul.hcl')], /HCL is not supported/],
    ['a file that is not there', ['-config-file', '/no/such.json'], /^cannot read "\/no\/such\.json"/],
  ];
}

function refusedFiles(): readonly (readonly [unknown, RegExp])[] {
  return [
    ['{"a":', /a\.json: not valid JSON/],
    [[1], /a\.json: expected a JSON object/],
    [{ node_name: 5 }, /a\.json: node_name: expected a string, got 5/],
    [{ ports: { http: '8500' } }, /a\.json: ports\.http: expected a whole number, got "8500"/],
    [{ datacenter: 'DC x' }, /a\.json: datacenter: expected a DNS label in lower case, got "dc x"/],
    [{ node_meta: { a: 1 } }, /a\.json: node_meta\.a: expected a string, got 1/],
    [{ node_meta: ['a'] }, /a\.json: node_meta: expected an object of strings, got a list/],
    [{ dns_config: { only_passing: 'yes' } }, /dns_config\.only_passing: expected true or false/],
    [
      { dns_config: { node_ttl: 'soon' } },
      /dns_config\.node_ttl: expected a duration such as 10s, got "soon"/,
    ],
    [
      { dns_config: { service_ttl: '3s' } },
      /dns_config\.service_ttl: expected an object of durations by service/,
    ],
    [{ recursors: '8.8.8.8' }, /a\.json: recursors: expected a list of strings/],
    [{ check_update_interval: 'x' }, /check_update_interval: expected a duration/],
  ];
}

const SERVER_LEFT_ASIDE = [
  'acl',
  'auto_encrypt',
  'autopilot',
  'bootstrap_expect',
  'ca_file',
  'cert_file',
  'connect',
  'dns_config.allow_stale',
  'dns_config.max_stale',
  'dns_config.use_cache',
  'enable_syslog',
  'encrypt',
  'encrypt_verify_incoming',
  'key_file',
  'leave_on_terminate',
  'limits.rpc_rate',
  'performance',
  'ports.grpc',
  'ports.https',
  'ports.serf_lan',
  'ports.serf_wan',
  'ports.server',
  'primary_datacenter',
  'raft_protocol',
  'rejoin_after_leave',
  'retry_interval',
  'retry_join',
  'server',
  'skip_leave_on_interrupt',
  'telemetry',
  'tls',
  'ui_config',
  'verify_incoming',
  'verify_outgoing',
  'verify_server_hostname',
];
