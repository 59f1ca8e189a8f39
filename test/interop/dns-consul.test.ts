import { expect } from 'chai';
import { ask, ttlsOf, type AskOptions } from '../protocols/dns/client.ts';
import {
  cleanUp,
  startRollcall,
  temporaryDirectory,
  type RollcallProcess,
} from '../support/rollcall-process.ts';
import { startConsul, type ConsulServer } from './dns-consul-server.ts';

interface Registration {
  readonly Node: string;
  readonly Address: string;
  readonly NodeMeta?: Readonly<Record<string, string>>;
  readonly Service?: Readonly<Record<string, unknown>>;
  readonly Checks?: readonly Readonly<Record<string, unknown>>[];
}

const NODES: readonly Registration[] = [
  { Node: 'Alpha', Address: '10.0.0.1' },
  {
    Node: 'beta',
    Address: '10.0.0.2',
    NodeMeta: { rack: 'r1', 'a=b`c': ' x`y ', 'rfc1035-v': 'only=value' },
  },
  { Node: 'gamma', Address: '10.0.0.3' },
  { Node: 'v6', Address: '2001:db8::1' },
  { Node: 'hosted', Address: 'host.example.com' },
  { Node: 'no.de', Address: '10.0.0.9' },
];

const SERVICES: readonly Registration[] = [
  instance('Alpha', 'db', { Port: 5000, Tags: ['v1', 'Primary'], Weights: { Passing: 10, Warning: 1 } }),
  instance('beta', 'db', { Address: '10.1.1.1', Port: 5001, Tags: ['v1.x'] }, 'warning'),
  instance('v6', 'db', { Port: 5002 }),
  instance('gamma', 'db', { Port: 5003 }, 'critical'),
  instance('gamma', 'dead', { Port: 1 }, 'critical'),
  instance('Alpha', 'ext', { Address: 'ext.example.com', Port: 80 }),
  instance('Alpha', 'mix', { Address: 'ext.example.com', Port: 80 }),
  instance('beta', 'mix', { Port: 81 }),
  instance('Alpha', 'inner', { Address: 'beta.node.consul', Port: 80 }),
  instance('Alpha', 'loop', { Address: 'loop.service.consul', Port: 80 }),
  instance('hosted', 'hs', { Port: 90 }),
  instance('Alpha', 'Cart', { Port: 1, Tags: ['Blue.Green'] }),
  instance('no.de', 'dotted', { Port: 1 }),
  instance('v6', 'six', { Port: 1 }),
  instance('Alpha', 'six4', { Address: '2001:db8::2', Port: 1 }),
  instance('beta', 'un_der', { Port: 65_535, Tags: ['udp'] }),
  ...Array.from({ length: 12 }, (_, n) =>
    instance(`n${n}`, 'many', { Port: 100 + n }, 'passing', `10.5.0.${n}`),
  ),
];

function instance(
  Node: string,
  Service: string,
  fields: Readonly<Record<string, unknown>>,
  Status = 'passing',
  Address = NODES.find((node) => node.Node === Node)?.Address ?? '10.0.0.1',
): Registration {
  const Checks = [{ CheckID: `${Service}-check`, Name: Service, Status, ServiceID: Service }];
  return { Node, Address, Service: { Service, ...fields }, Checks };
}

const QUERIES: readonly object[] = [
  { Name: 'find-db', Service: { Service: 'db', Tags: ['v1'] }, DNS: { TTL: '10s' } },
  { Name: 'strict', Service: { Service: 'db', OnlyPassing: true } },
  {
    Name: 'any-',
    Template: { Type: 'name_prefix_match', Regexp: '^any-(.+)$' },
    Service: { Service: '$' + '{match(1)}' },
  },
];

const TYPES = ['A', 'AAAA', 'SRV', 'TXT', 'ANY', 'CNAME', 'MX', 'NS', 'SOA', 'PTR'];
const WAYS: readonly AskOptions[] = [{}, { ednsSizeBytes: 1232 }, { tcp: true }];

const SERVICE_NAMES = [...new Set(SERVICES.map(({ Service }) => String(Service?.['Service'])))];
const NAMES = [
  ...SERVICE_NAMES.flatMap((name) => [
    `${name}.service.consul`,
    `${name.toUpperCase()}.Service.DC1.consul`,
    `_${name}._tcp.service.consul`,
    `_${name}._udp.service.consul`,
    `_${name}._tcp.consul`,
    `v1.${name}.service.consul`,
    `${name}.service.dc2.consul`,
  ]),
  ...[
    'primary.db',
    'v1.x.db',
    'nope.db',
    '_db._primary',
    '_db._V1',
    'blue.green.cart',
    'nope',
    'a.b.c.d',
  ].map((name) => `${name}.service.consul`),
  ...NODES.flatMap(({ Node }) => [
    `${Node}.node.consul`,
    `${Node}.node.dc1.consul`,
    `${Node}.node.dc2.consul`,
  ]),
  ...['nope.node', '0a000001.addr', '0a00000g.addr', 'x.0a000001.addr', `${'0'.repeat(31)}1.addr.dc1`].map(
    (name) => `${name}.consul`,
  ),
  ...['consul', 'node.consul', 'service.consul', 'web.consul', 'nope.query.consul', 'db.connect.consul'],
  ...['find-db', 'Strict', 'any-six', 'any-nope', '_find-db._tcp'].flatMap((name) => [
    `${name}.query.consul`,
    `${name}.query.dc1.consul`,
  ]),
  ...['a.service.b.c.consul', 'alpha.node.b.c.consul', 'example.com', 'consul.example.com'],
  ...['1.0.0.10.in-addr.arpa', '1.1.1.10.in-addr.arpa', '9.0.0.10.in-addr.arpa', '9.9.9.9.in-addr.arpa'],
  `1.${'0.'.repeat(23)}8.b.d.0.1.0.0.2.ip6.arpa`,
];

/** Where we answer otherwise than Consul 1.8.7, and why; docs/dns.md lists these for users. */
const ALLOWED: readonly { why: string; when: (name: string, type: string, way: AskOptions) => boolean }[] = [
  {
    why: 'a reverse name that nobody has is NXDOMAIN as in Consul 1.18',
    when: (name) => name.startsWith('9.9.9.9.'),
  },
  {
    why: 'an address name of another type answers in the additional section, as in Consul 1.16',
    when: (name, type) => /addr(\.dc1)?\.consul$/.test(name) && !['NS', 'SOA'].includes(type),
  },
  {
    why: 'a prepared query has an RFC 2782 form, as in Consul 1.15',
    when: (name) => name.startsWith('_find-db._tcp.query.'),
  },
  {
    why: 'ANY over UDP is answered as to a client without EDNS, against amplification',
    when: (name, type, way) => /many/i.test(name) && type === 'ANY' && way.ednsSizeBytes !== undefined,
  },
];

const ALL_ROUND = TYPES.flatMap((type) => WAYS.map((way) => ({ type, way })));

describe('interop: DNS answers of a real Consul', function () {
  this.timeout(120_000);
  let consul: ConsulServer;
  let rollcall: RollcallProcess;

  before(async () => {
    consul = await startConsul();
    rollcall = await startRollcall({ DATA_DIR: await temporaryDirectory(), NODE_NAME: 'registry-1' });
    for (const { url } of [consul, rollcall]) {
      for (const registration of [...NODES, ...SERVICES])
        await send('PUT', `${url}/v1/catalog/register`, registration);
      for (const query of QUERIES) await send('POST', `${url}/v1/query`, query);
    }
  });
  after(async () => {
    await consul.stop();
    await cleanUp();
  });

  async function send(method: string, url: string, body: object): Promise<void> {
    const answer = await fetch(url, { method, body: JSON.stringify(body) });
    expect(answer.status, await answer.text()).to.equal(200);
  }

  /** Everything that must be the same; of a random choice from many, how much there is. */
  async function answerOf(port: number, name: string, type: string, way: AskOptions): Promise<object> {
    const answer = await ask(port, name, type, way);
    const { rcode, authoritative, truncated, ednsSizeBytes, answers, authorities, additionals } = answer;
    const isChoice = /many/i.test(name);
    const part = (lines: readonly string[]) => (isChoice ? lines.length : [...lines].sort());
    return {
      rcode,
      authoritative,
      truncated,
      recursionAvailable: ((answer.bytes[3] ?? 0) & 0x80) !== 0,
      ednsSizeBytes,
      answers: part(answers),
      authorities: part(authorities),
      additionals: part(additionals),
      ttls: [...new Set(ttlsOf(answer.bytes))],
    };
  }

  it('are given to the same questions', async () => {
    let same = 0;
    const differences: string[] = [];
    const excused = new Map<string, number>();
    for (const name of NAMES) {
      for (const { type, way } of ALL_ROUND) {
        const [theirs, ours] = await Promise.all(
          [consul.dnsPort, rollcall.dnsPort].map((port) => answerOf(port, name, type, way)),
        );
        const allowed = ALLOWED.find(({ when }) => when(name, type, way));
        if (JSON.stringify(ours) === JSON.stringify(theirs)) same++;
        else if (allowed) excused.set(allowed.why, (excused.get(allowed.why) ?? 0) + 1);
        else differences.push(JSON.stringify({ name, type, way, theirs, ours }, null, 2));
      }
    }
    console.log(`      ${same} of ${NAMES.length * ALL_ROUND.length} answers are the same`);
    expect(differences.length, differences.slice(0, 20).join('\n')).to.equal(0);
    // An excuse that nothing needs would hide a difference to come.
    expect([...excused.keys()]).to.have.members(ALLOWED.map(({ why }) => why));
  });
});
