import { expect } from 'chai';
import { createDnsServer, type DnsOptions, type DnsServer } from '../../../src/protocols/dns/index.ts';
import { createLogger } from '../../../src/platform/logger.ts';
import { FixtureCatalog } from './catalog.ts';
import { ask, askUdp, decodeAnswer, queryFor, ttlsOf, type AskOptions } from './client.ts';

const EDNS: AskOptions = { ednsSizeBytes: 1232 };
const SOA = 'consul SOA ns.consul hostmaster.consul 3600 0';
const NS = 'consul NS alpha.node.dc1.consul';
const NXDOMAIN = { rcode: 3, authorities: [SOA] };
const NODATA = { authorities: [SOA] };
const NO_RECORDS = {};

interface Expected {
  readonly rcode?: number;
  readonly answers?: readonly string[];
  readonly authorities?: readonly string[];
  readonly additionals?: readonly string[];
}

/** Question name, type, and what comes back with EDNS 1232; sections in any order. A real Consul 1.8.7 says the same. */
const SAME_AS_CONSUL: readonly [string, string, Expected][] = [
  ['db.service.consul', 'A', { answers: ['db.service.consul A 10.0.0.1', 'db.service.consul A 10.1.1.1'] }],
  ['DB.Service.consul', 'AAAA', { answers: ['DB.Service.consul AAAA 2001:db8::1'] }],
  [
    'db.service.consul',
    'SRV',
    {
      answers: [
        'db.service.consul SRV 1 10 5000 Alpha.node.dc1.consul',
        'db.service.consul SRV 1 2 5001 0a010101.addr.dc1.consul',
        'db.service.consul SRV 1 1 5002 v6.node.dc1.consul',
      ],
      additionals: [
        'Alpha.node.dc1.consul A 10.0.0.1',
        '0a010101.addr.dc1.consul A 10.1.1.1',
        'v6.node.dc1.consul AAAA 2001:db8::1',
      ],
    },
  ],
  ['db.service.consul', 'MX', NODATA],
  ['db.service.consul', 'CNAME', NODATA],
  ['six.service.consul', 'A', NODATA],
  ['nope.service.consul', 'A', NXDOMAIN],
  ['v1.db.service.consul', 'A', { answers: ['v1.db.service.consul A 10.0.0.1'] }],
  ['V2.db.service.dc1.consul', 'A', { answers: ['V2.db.service.dc1.consul A 10.1.1.1'] }],
  ['v1.x.db.service.consul', 'A', { answers: ['v1.x.db.service.consul A 10.1.1.1'] }],
  ['nope.db.service.consul', 'A', NXDOMAIN],
  ['db.service.DC1.consul', 'AAAA', { answers: ['db.service.DC1.consul AAAA 2001:db8::1'] }],
  ['db.service.dc2.consul', 'A', NXDOMAIN],
  ['_db._primary.service.consul', 'A', { answers: ['_db._primary.service.consul A 10.0.0.1'] }],
  ['_db._udp.service.consul', 'SRV', NXDOMAIN],
  ['_six._tcp.service.consul', 'AAAA', { answers: ['_six._tcp.service.consul AAAA 2001:db8::1'] }],
  [
    '_six._tcp.consul',
    'SRV',
    {
      answers: ['_six._tcp.consul SRV 1 1 1 v6.node.dc1.consul'],
      additionals: ['v6.node.dc1.consul AAAA 2001:db8::1'],
    },
  ],
  ['_six._tcp.consul', 'AAAA', NXDOMAIN],
  [
    'six4.service.consul',
    'SRV',
    {
      answers: ['six4.service.consul SRV 1 1 1 20010db8000000000000000000000002.addr.dc1.consul'],
      additionals: ['20010db8000000000000000000000002.addr.dc1.consul AAAA 2001:db8::2'],
    },
  ],
  ['mapped.service.consul', 'A', { answers: ['mapped.service.consul A 10.9.9.9'] }],
  ['ext.service.consul', 'A', { answers: ['ext.service.consul CNAME ext.example.com'] }],
  ['ext.service.consul', 'MX', { answers: ['ext.service.consul CNAME ext.example.com'] }],
  ['ext.service.consul', 'SRV', { answers: ['ext.service.consul SRV 1 1 80 ext.example.com'] }],
  ['ext2.service.consul', 'A', { answers: ['ext2.service.consul CNAME ext.example.com'] }],
  ['mix.service.consul', 'A', { answers: ['mix.service.consul A 10.0.0.2'] }],
  [
    'inner.service.consul',
    'SRV',
    {
      answers: ['inner.service.consul SRV 1 1 80 beta.node.consul'],
      additionals: ['beta.node.consul A 10.0.0.2'],
    },
  ],
  [
    'innermeta.service.consul',
    'A',
    { answers: ['innermeta.service.consul CNAME metal.node.consul', 'metal.node.consul A 10.4.0.1'] },
  ],
  ['inneru.service.consul', 'A', { answers: ['inneru.service.consul CNAME nope.service.consul'] }],
  ['loop.service.consul', 'A', { answers: ['loop.service.consul A 10.0.0.1'] }],
  [
    'loop.service.consul',
    'SRV',
    {
      answers: ['loop.service.consul SRV 1 1 80 Alpha.node.dc1.consul'],
      additionals: ['Alpha.node.dc1.consul A 10.0.0.1'],
    },
  ],
  [
    'loopa.service.consul',
    'A',
    {
      answers: [
        'loopa.service.consul CNAME loopb.service.consul',
        'loopa.service.consul CNAME loopb.service.consul',
        'loopb.service.consul CNAME loopa.service.consul',
        'loopb.service.consul CNAME loopa.service.consul',
      ],
    },
  ],
  ['hs.service.consul', 'SRV', { answers: ['hs.service.consul SRV 1 1 90 host.example.com'] }],
  ['dup.service.consul', 'A', { answers: ['dup.service.consul A 10.0.0.1'] }],
  [
    'dotted.service.consul',
    'SRV',
    {
      answers: ['dotted.service.consul SRV 1 1 1 no.de.node.dc1.consul'],
      additionals: ['no.de.node.dc1.consul A 10.0.0.9'],
    },
  ],
  ['blue.green.cart.service.consul', 'A', { answers: ['blue.green.cart.service.consul A 10.0.0.1'] }],
  [
    'meta.service.consul',
    'SRV',
    {
      answers: [
        'meta.service.consul SRV 1 1 1 metal.node.dc1.consul',
        'meta.service.consul SRV 1 1 2 0a050505.addr.dc1.consul',
      ],
      additionals: [
        'metal.node.dc1.consul A 10.4.0.1',
        ...metaOf('metal.node.dc1.consul'),
        '0a050505.addr.dc1.consul A 10.5.5.5',
        'metal2.node.dc1.consul TXT "rack=r2"',
      ],
    },
  ],
  [
    'metal.node.consul',
    'A',
    { answers: ['metal.node.consul A 10.4.0.1'], additionals: metaOf('metal.node.consul') },
  ],
  ['metal.node.consul', 'AAAA', { additionals: metaOf('metal.node.consul') }],
  ['metal.node.consul', 'TXT', { answers: metaOf('metal.node.consul') }],
  ['METAL.node.consul', 'ANY', { answers: ['METAL.node.consul A 10.4.0.1', ...metaOf('METAL.node.consul')] }],
  ['no.de.node.dc1.consul', 'A', { answers: ['no.de.node.dc1.consul A 10.0.0.9'] }],
  ['hosted.node.consul', 'A', { answers: ['hosted.node.consul CNAME host.example.com'] }],
  ['hosted.node.consul', 'TXT', NO_RECORDS],
  ['nope.node.consul', 'A', NXDOMAIN],
  ['alpha.node.dc2.consul', 'A', NXDOMAIN],
  ['0a000001.addr.consul', 'A', { answers: ['0a000001.addr.consul A 10.0.0.1'] }],
  ['0a000001.addr.dc1.consul', 'ANY', { answers: ['0a000001.addr.dc1.consul A 10.0.0.1'] }],
  ['0a00000g.addr.consul', 'A', NXDOMAIN],
  ['x.0a000001.addr.consul', 'A', NXDOMAIN],
  ['consul', 'A', NXDOMAIN],
  ['service.consul', 'A', NXDOMAIN],
  ['alpha.consul', 'SRV', NXDOMAIN],
  ['foo.query.consul', 'A', NXDOMAIN],
  ['any.name.consul', 'NS', { answers: [NS], additionals: ['alpha.node.dc1.consul A 10.0.0.1'] }],
  ['consul', 'SOA', { answers: [SOA], authorities: [NS], additionals: ['alpha.node.dc1.consul A 10.0.0.1'] }],
  ['example.com', 'A', { rcode: 5 }],
  ['db.service.consul', 'AXFR', { rcode: 4 }],
];

/** Where we part from Consul 1.8.7, knowingly. */
const OTHER_THAN_CONSUL: readonly [string, string, string, Expected][] = [
  [
    'addresses of one target come once, not once per SRV record',
    'dup.service.consul',
    'SRV',
    {
      answers: [
        'dup.service.consul SRV 1 1 1 Alpha.node.dc1.consul',
        'dup.service.consul SRV 1 1 2 Alpha.node.dc1.consul',
      ],
      additionals: ['Alpha.node.dc1.consul A 10.0.0.1'],
    },
  ],
  [
    'an address name of the other family is additional, as in Consul 1.16',
    '0a000001.addr.consul',
    'AAAA',
    { additionals: ['0a000001.addr.consul A 10.0.0.1'] },
  ],
  [
    'a service registered under its own name is at its node, however the question spells it',
    'LOOP.service.consul',
    'A',
    { answers: ['LOOP.service.consul A 10.0.0.1'] },
  ],
  ['a wrong number of hex digits does not exist, as in Consul 1.22', '0a0001.addr.consul', 'A', NXDOMAIN],
  [
    '<dc>.dc is a datacenter too, as in Consul 1.15',
    'six.service.dc1.dc.consul',
    'AAAA',
    { answers: ['six.service.dc1.dc.consul AAAA 2001:db8::1'] },
  ],
  [
    'a node whose name DNS cannot carry is found under its address, where Consul says nothing at all',
    'long.service.consul',
    'SRV',
    {
      answers: ['long.service.consul SRV 1 1 3 0a040003.addr.dc1.consul'],
      additionals: ['0a040003.addr.dc1.consul A 10.4.0.3'],
    },
  ],
  [
    'an address that DNS cannot carry gives way to that of the node, where Consul says nothing at all',
    'badhost.service.consul',
    'A',
    { answers: ['badhost.service.consul A 10.0.0.1'] },
  ],
];

function metaOf(owner: string): string[] {
  const texts = ['rack=r1', 'a`=b``c= x``y ', 'only=value', '` sp` =1', 'empty='];
  return texts.map((text) => `${owner} TXT ${JSON.stringify(text)}`);
}

describe('dns: answers', () => {
  const catalog = new FixtureCatalog();
  const servers: DnsServer[] = [];
  let port: number;

  async function serve(options: DnsOptions = {}): Promise<number> {
    const server = createDnsServer({ ...options, port: 0 }, catalog, createLogger('silent'));
    servers.push(server);
    return await server.start();
  }

  async function expectAnswer(name: string, type: string, expected: Expected): Promise<void> {
    const answered = await ask(port, name, type, EDNS);
    expect(answered.rcode, 'rcode').to.equal(expected.rcode ?? 0);
    expect(answered.answers, 'answers').to.have.members(expected.answers ?? []);
    expect(answered.authorities, 'authorities').to.have.members(expected.authorities ?? []);
    expect(answered.additionals, 'additionals').to.have.members(expected.additionals ?? []);
    expect(answered.authoritative, 'AA').to.equal(expected.rcode !== 5);
    expect(answered.truncated, 'TC').to.equal(false);
    expect(answered.ednsSizeBytes, 'EDNS').to.equal(expected.rcode === 5 ? undefined : 1232);
  }

  before(async () => {
    port = await serve();
  });
  after(async () => {
    await Promise.all(servers.map((server) => server.stop()));
  });

  describe('as Consul gives them', () => {
    for (const [name, type, expected] of SAME_AS_CONSUL) {
      it(`${name} ${type}`, () => expectAnswer(name, type, expected));
    }

    it('a service whose instances are all critical does not exist', () =>
      expectAnswer('dead.service.consul', 'A', NXDOMAIN));

    it('TXT of a service answers with its addresses', () =>
      expectAnswer('dup.service.consul', 'TXT', { answers: ['dup.service.consul A 10.0.0.1'] }));

    it('the chain of a CNAME holds addresses of both families', () =>
      expectAnswer('inner2.service.consul', 'AAAA', {
        answers: [
          'inner2.service.consul CNAME db.service.consul',
          'db.service.consul A 10.0.0.1',
          'db.service.consul A 10.1.1.1',
          'db.service.consul AAAA 2001:db8::1',
        ],
      }));

    it('a node has no other types', async () => {
      await expectAnswer('alpha.node.consul', 'SRV', NO_RECORDS);
      await expectAnswer('nope.node.consul', 'MX', NO_RECORDS);
    });

    it('a node without an address of the family asked for answers without an SOA', () =>
      expectAnswer('alpha.node.consul', 'AAAA', NO_RECORDS));

    it('an address name holds all of its answer', () =>
      expectAnswer('0a000001.addr.dc9.x.consul', 'A', {
        answers: ['0a000001.addr.dc9.x.consul A 10.0.0.1'],
      }));

    it('the class of a question is ignored', async () => {
      const query = queryFor('dup.service.consul', 'A');
      query.writeUInt16BE(3, query.length - 2);
      expect(decodeAnswer(await askUdp(port, query)).answers).to.deep.equal([
        'dup.service.consul A 10.0.0.1',
      ]);
    });

    it("the OPT record returns the client's own UDP size", async () => {
      expect((await ask(port, 'dup.service.consul', 'A', { ednsSizeBytes: 1400 })).ednsSizeBytes).to.equal(
        1400,
      );
      expect((await ask(port, 'dup.service.consul', 'A')).ednsSizeBytes).to.equal(undefined);
    });
  });

  describe('other than Consul gives them', () => {
    for (const [difference, name, type, expected] of OTHER_THAN_CONSUL) {
      it(difference, () => expectAnswer(name, type, expected));
    }
  });

  it('stay in the domain of the question', async () => {
    await expectAnswer('six.service.rollcall', 'SRV', {
      answers: ['six.service.rollcall SRV 1 1 1 v6.node.dc1.rollcall'],
      additionals: ['v6.node.dc1.rollcall AAAA 2001:db8::1'],
    });
    const soa = 'rollcall SOA ns.rollcall hostmaster.rollcall 3600 0';
    await expectAnswer('nope.service.ROLLCALL', 'A', { rcode: 3, authorities: [soa] });
  });

  describe('in the room there is', () => {
    it('answers without EDNS are the first few, and nothing tells', async () => {
      const { answers, additionals, truncated } = await ask(port, 'metabig.service.consul', 'SRV');
      expect(answers).to.have.length(3);
      expect(additionals.map((line) => line.split(' ')[1])).to.deep.equal(['A', 'A', 'A']);
      expect(truncated).to.equal(false);
      expect((await ask(port, 'big.service.consul', 'A', { ednsSizeBytes: 512 })).answers).to.have.length(3);
    });

    for (const [name, type, ednsSizeBytes, count] of [
      ['big', 'A', 1232, 60],
      ['big', 'SRV', 1232, 19],
      ['bign', 'SRV', 1232, 21],
      ['big', 'A', 700, 40],
      ['big', 'SRV', 8192, 60],
      ['metabig', 'SRV', 8192, 60],
    ] as const) {
      it(`${name} ${type} with EDNS ${ednsSizeBytes} has ${count} answers, each with its address`, async () => {
        const answered = await ask(port, `${name}.service.consul`, type, { ednsSizeBytes });
        expect(answered.answers).to.have.length(count);
        expect(answered.bytes.length).to.be.at.most(Math.min(ednsSizeBytes, 4096));
        const targets = type === 'SRV' ? answered.answers.map((line) => line.split(' ').at(-1)) : [];
        const owners = answered.additionals
          .filter((line) => line.includes(' A '))
          .map((line) => line.split(' ')[0]);
        expect(owners).to.deep.equal(targets);
      });
    }

    it('over TCP are all there', async () => {
      const { answers, additionals } = await ask(port, 'metabig.service.consul', 'SRV', { tcp: true });
      expect(answers).to.have.length(60);
      expect(additionals).to.have.length(120);
    });

    it('are marked as truncated where that is enabled, and only when something is missing', async () => {
      const marking = await serve({ enableTruncate: true });
      expect((await ask(marking, 'big.service.consul', 'A')).truncated).to.equal(true);
      expect((await ask(marking, 'big.service.consul', 'SRV', EDNS)).truncated).to.equal(true);
      expect((await ask(marking, 'big.service.consul', 'A', EDNS)).truncated).to.equal(false);
      expect((await ask(marking, 'db.service.consul', 'SRV')).truncated).to.equal(false);
    });

    it('without EDNS are as many as configured, and never more than 8', async () => {
      const one = await serve({ udpAnswerLimit: 1 });
      expect((await ask(one, 'big.service.consul', 'A')).answers).to.have.length(1);
      const many = await serve({ udpAnswerLimit: 50 });
      expect((await ask(many, 'big.service.consul', 'A')).answers).to.have.length(8);
    });
  });

  it('put each instance first as often as any other', async () => {
    const firsts = new Map<string, number>();
    for (let n = 0; n < 600; n++) {
      const [first = ''] = (await ask(port, 'db.service.consul', 'SRV')).answers;
      firsts.set(first, (firsts.get(first) ?? 0) + 1);
    }
    expect(firsts.size).to.equal(3);
    // 200 each; 7 standard deviations either way.
    for (const count of firsts.values()) expect(count).to.be.within(120, 280);
  });

  it('leave out instances in warning where only passing ones are wanted', async () => {
    const strict = await serve({ onlyPassing: true });
    expect((await ask(strict, 'db.service.consul', 'A')).answers).to.deep.equal([
      'db.service.consul A 10.0.0.1',
    ]);
  });

  it('carry the TTLs of services and nodes, 0 by default', async () => {
    const ttls = async (at: number, name: string, type: string) =>
      ttlsOf((await ask(at, name, type, EDNS)).bytes);
    expect(await ttls(port, 'six.service.consul', 'SRV')).to.deep.equal([0, 0]);
    const cached = await serve({ serviceTtls: ['*=7'], nodeTtlSeconds: 9 });
    expect(await ttls(cached, 'six.service.consul', 'SRV')).to.deep.equal([7, 7]);
    expect(await ttls(cached, 'inner.service.consul', 'A')).to.deep.equal([7, 7]);
    expect(await ttls(cached, 'v6.node.consul', 'AAAA')).to.deep.equal([9]);
    expect(await ttls(cached, '0a000001.addr.consul', 'A')).to.deep.equal([9]);
  });
});
