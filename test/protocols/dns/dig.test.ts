import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { expect } from 'chai';
import { createLogger } from '../../../src/platform/logger.ts';
import { createDnsServer, type DnsServer } from '../../../src/protocols/dns/index.ts';
import { FixtureCatalog } from './catalog.ts';
import { hasDig } from './client.ts';

const run = promisify(execFile);

/** What is asked of dig, the status it reports, and its records in any order. */
const TABLE: readonly [string, string, readonly string[]][] = [
  [
    'DB.service.consul A',
    'NOERROR',
    ['DB.service.consul. 0 IN A 10.0.0.1', 'DB.service.consul. 0 IN A 10.1.1.1'],
  ],
  ['db.service.consul AAAA', 'NOERROR', ['db.service.consul. 0 IN AAAA 2001:db8::1']],
  [
    '_db._tcp.service.consul SRV',
    'NOERROR',
    [
      '_db._tcp.service.consul. 0 IN SRV 1 10 5000 Alpha.node.dc1.consul.',
      '_db._tcp.service.consul. 0 IN SRV 1 2 5001 0a010101.addr.dc1.consul.',
      '_db._tcp.service.consul. 0 IN SRV 1 1 5002 v6.node.dc1.consul.',
      'Alpha.node.dc1.consul. 0 IN A 10.0.0.1',
      '0a010101.addr.dc1.consul. 0 IN A 10.1.1.1',
      'v6.node.dc1.consul. 0 IN AAAA 2001:db8::1',
    ],
  ],
  [
    'First.key.db.service.consul A',
    'NOERROR',
    ['First.key.db.service.consul. 0 IN A 10.0.0.1', 'First.key.db.service.consul. 0 IN A 10.1.1.1'],
  ],
  [
    'ordered.query.consul A',
    'NOERROR',
    ['ordered.query.consul. 120 IN A 10.0.0.1', 'ordered.query.consul. 120 IN A 10.1.1.1'],
  ],
  ['-x 10.0.0.1', 'NOERROR', ['1.0.0.10.in-addr.arpa. 0 IN PTR Alpha.node.dc1.consul.']],
  ['v1.db.service.rollcall A', 'NOERROR', ['v1.db.service.rollcall. 0 IN A 10.0.0.1']],
  ['ext.service.consul A', 'NOERROR', ['ext.service.consul. 0 IN CNAME ext.example.com.']],
  [
    'nope.service.consul A',
    'NXDOMAIN',
    ['consul. 0 IN SOA ns.consul. hostmaster.consul. 1 3600 600 86400 0'],
  ],
  ['six.service.consul A', 'NOERROR', ['consul. 0 IN SOA ns.consul. hostmaster.consul. 1 3600 600 86400 0']],
  [
    'consul NS',
    'NOERROR',
    ['consul. 0 IN NS alpha.node.dc1.consul.', 'alpha.node.dc1.consul. 0 IN A 10.0.0.1'],
  ],
  ['metal2.node.consul TXT', 'NOERROR', ['metal2.node.consul. 0 IN TXT "rack=r2"']],
  ['example.com A', 'REFUSED', []],
  ['db.service.consul A +opcode=STATUS', 'NOTIMP', []],
  ['db.service.consul AAAA +edns=1', 'NOERROR', ['db.service.consul. 0 IN AAAA 2001:db8::1']],
  ['db.service.consul AAAA +edns=1 +noednsneg', 'BADVERS', []],
];

describe('dns: dig', () => {
  let server: DnsServer | undefined;
  let port: number;

  before(async function () {
    if (!hasDig() && process.env['CI'] !== 'true') {
      console.log(
        '      dig is not installed (Debian: apt-get install bind9-dnsutils): its cases are skipped',
      );
      this.skip();
    }
    const clock = { now: () => 1000, monotonic: () => 0 };
    server = createDnsServer({ port: 0, clock }, new FixtureCatalog(), createLogger('silent'));
    port = await server.start();
  });
  after(() => server?.stop());

  async function dig(question: string): Promise<string> {
    const args = [
      '+nocmd',
      '+nostats',
      '+noquestion',
      '+tries=1',
      '+time=10',
      '@127.0.0.1',
      '-p',
      String(port),
    ];
    return (await run('dig', [...args, ...question.split(' ')])).stdout;
  }

  for (const [question, status, records] of TABLE) {
    for (const transport of ['+notcp', '+tcp']) {
      it(`${question} ${transport}`, async () => {
        const output = await dig(`${question} ${transport}`);
        expect(output).to.include(`status: ${status}`);
        expect(output).not.to.include('malformed');
        const lines = output.split('\n').filter((line) => line !== '' && !line.startsWith(';'));
        expect(lines.map((line) => line.replace(/\s+/g, ' '))).to.have.members(records);
      });
    }
  }

  it('gets 3 of 60 addresses without EDNS, all of them with it and over TCP', async () => {
    expect(await dig('big.service.consul A +noedns')).to.include('ANSWER: 3,');
    expect(await dig('big.service.consul A')).to.include('ANSWER: 60,');
    expect(await dig('big.service.consul A +noedns +tcp')).to.include('ANSWER: 60,');
  });

  it('gets its client subnet back, valid for everybody', async () => {
    expect(await dig('db.service.consul A +subnet=192.0.2.0/24')).to.include('CLIENT-SUBNET: 192.0.2.0/24/0');
    expect(await dig('db.service.consul A +subnet=2001:db8::/37')).to.include(
      'CLIENT-SUBNET: 2001:db8::/37/0',
    );
    expect(await dig('db.service.consul A +subnet=0')).to.include('CLIENT-SUBNET: 0.0.0.0/0/0');
  });
});
