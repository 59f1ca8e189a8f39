import { expect } from 'chai';
import { createLogger } from '../../../src/platform/logger.ts';
import { createDnsServer, type DnsOptions, type DnsServer } from '../../../src/protocols/dns/index.ts';
import { FixtureCatalog } from './catalog.ts';
import { ask, askUdp, decodeAnswer, queryFor, ttlsOf, type AskOptions } from './client.ts';

const EDNS: AskOptions = { ednsSizeBytes: 1232 };
const SOA = 'consul SOA ns.consul hostmaster.consul 3600 0';
const DB = ['10.0.0.1', '10.1.1.1'];

describe('dns: lookups by key, prepared queries and reverse names', () => {
  const servers: DnsServer[] = [];
  let port: number;

  async function serve(options: DnsOptions = {}, catalog = new FixtureCatalog()): Promise<number> {
    const server = createDnsServer({ port: 0, ...options }, catalog, createLogger('silent'));
    servers.push(server);
    return server.start();
  }

  before(async () => {
    port = await serve();
  });
  after(() => Promise.all(servers.map((server) => server.stop())));

  const addresses = async (name: string, type = 'A', at = port) =>
    (await ask(at, name, type, EDNS)).answers.map((line) => line.split(' ').at(-1));

  it('by key answer the preference list, the owner first, each time', async () => {
    for (let n = 0; n < 20; n++) {
      expect(await addresses('first.key.db.service.consul')).to.deep.equal(DB);
      expect(await addresses('FIRST.key.db.service.dc1.rollcall')).to.deep.equal(DB);
      expect(await addresses('other.key.db.service.consul')).to.deep.equal(DB.toReversed());
      expect(await addresses('first.key.db.service.consul', 'AAAA')).to.deep.equal(['2001:db8::1']);
    }
    const { answers, additionals } = await ask(port, 'other.key.db.service.consul', 'SRV', EDNS);
    expect(answers).to.deep.equal([
      'other.key.db.service.consul SRV 1 1 5002 v6.node.dc1.consul',
      'other.key.db.service.consul SRV 1 2 5001 0a010101.addr.dc1.consul',
      'other.key.db.service.consul SRV 1 10 5000 Alpha.node.dc1.consul',
    ]);
    expect(additionals).to.have.length(3);
  });

  it('by key begin with the owner where not all answers fit', async () => {
    const { answers } = await ask(port, 'first.key.big.service.consul', 'A');
    expect(answers.map((line) => line.split(' ').at(-1))).to.deep.equal(['10.2.0.1', '10.2.0.2', '10.2.0.3']);
  });

  it('by key do not exist without an available instance or in another datacenter', async () => {
    for (const name of [
      'k.key.dead.service.consul',
      'k.key.nope.service.consul',
      'k.key.db.service.dc2.consul',
    ]) {
      const { rcode, authorities } = await ask(port, name, 'A', EDNS);
      expect({ rcode, authorities }, name).to.deep.equal({ rcode: 3, authorities: [SOA] });
    }
  });

  it('of a prepared query keep its order and its TTL', async () => {
    for (const name of ['ordered.query.consul', '_ordered._tcp.query.dc1.consul']) {
      const answer = await ask(port, name, 'A', EDNS);
      expect(
        answer.answers.map((line) => line.split(' ').at(-1)),
        name,
      ).to.deep.equal(DB);
      expect(ttlsOf(answer.bytes)).to.deep.equal([120, 120]);
    }
    expect((await ask(port, 'nope.query.consul', 'A', EDNS)).rcode).to.equal(3);
  });

  it('of a prepared query have all that it found, and no weight for what is critical', async () => {
    const { answers } = await ask(port, 'careless.query.consul', 'SRV', EDNS);
    expect(answers.at(-1)).to.equal('careless.query.consul SRV 1 0 5003 gamma.node.dc1.consul');
    expect(answers).to.have.length(4);
  });

  it('of a prepared query are for the client subnet that the resolver names', async () => {
    const subnet = (address: number[], bits: number) => {
      const query = queryFor('mi.ne.query.consul', 'A', EDNS);
      const option = Buffer.from([0, 8, 0, 4 + address.length, 0, 1, bits, 0, ...address]);
      query.writeUInt16BE(option.length, query.length - 2);
      return askUdp(port, Buffer.concat([query, option]));
    };
    const mine = await subnet([10, 7, 1], 24);
    expect(decodeAnswer(mine).answers).to.deep.equal(['mi.ne.query.consul A 10.0.0.1']);
    expect([...mine.subarray(-7)]).to.deep.equal([0, 1, 24, 24, 10, 7, 1]);
    const others = await subnet([10, 8], 16);
    expect(decodeAnswer(others).rcode).to.equal(3);
    expect([...others.subarray(-6)]).to.deep.equal([0, 1, 16, 0, 10, 8]);
  });

  it('of addresses name the node', async () => {
    const { answers, authoritative } = await ask(port, '1.0.0.10.in-addr.arpa', 'PTR', EDNS);
    expect(answers).to.deep.equal(['1.0.0.10.in-addr.arpa PTR Alpha.node.dc1.consul']);
    expect(authoritative).to.equal(true);
  });

  it('whatever the type, a reverse name answers PTR, with TTL 0', async () => {
    for (const type of ['A', 'TXT', 'ANY', 'SOA']) {
      const { answers, authorities, bytes } = await ask(port, '1.0.0.10.in-addr.arpa', type, EDNS);
      expect(answers, type).to.deep.equal(['1.0.0.10.in-addr.arpa PTR Alpha.node.dc1.consul']);
      expect(authorities, type).to.deep.equal(type === 'SOA' ? [SOA] : []);
      expect(new Set(ttlsOf(bytes)), type).to.deep.equal(new Set([0]));
    }
  });

  it('of addresses that nobody has do not exist, as in Consul 1.18', async () => {
    for (const name of ['1.9.9.9.in-addr.arpa', '0.10.in-addr.arpa', '1.0.ip6.arpa']) {
      const { rcode, authorities, authoritative } = await ask(port, name, 'PTR', EDNS);
      expect({ rcode, authorities, authoritative }, name).to.deep.equal({
        rcode: 3,
        authorities: [SOA],
        authoritative: true,
      });
    }
  });
});

describe('dns: settings', () => {
  const servers: DnsServer[] = [];

  async function serve(options: DnsOptions): Promise<number> {
    const server = createDnsServer({ port: 0, ...options }, new FixtureCatalog(), createLogger('silent'));
    servers.push(server);
    return server.start();
  }

  after(() => Promise.all(servers.map((server) => server.stop())));

  it('give the TTL of the exact name, then of the longest prefix', async () => {
    const port = await serve({ serviceTtls: ['*=1', 'b*=2', 'big=3', 'BIGN*=4'] });
    for (const [service, ttl] of [
      ['db', 1],
      ['badhost', 2],
      ['big', 3],
      ['bign', 4],
    ] as const) {
      const { bytes } = await ask(port, `${service}.service.consul`, 'A');
      expect(new Set(ttlsOf(bytes)), service).to.deep.equal(new Set([ttl]));
    }
  });

  it('limit addresses, over TCP too, but not SRV records', async () => {
    const port = await serve({ aRecordLimit: 5, enableTruncate: true });
    for (const tcp of [false, true]) {
      const limited = await ask(port, 'big.service.consul', 'A', { ...EDNS, tcp });
      expect(limited.answers).to.have.length(5);
      expect(limited.truncated).to.equal(false);
    }
    const srv = await ask(port, 'big.service.consul', 'SRV', { tcp: true });
    expect(srv.answers).to.have.length(60);
  });

  it('keep ANY small over UDP', async () => {
    const port = await serve({});
    expect((await ask(port, 'big.service.consul', 'ANY', EDNS)).answers).to.have.length(3);
    expect((await ask(port, 'big.service.consul', 'ANY', { tcp: true })).answers).to.have.length(60);
  });

  it('leave metadata to those who ask for it', async () => {
    const port = await serve({ additionalNodeMeta: false });
    expect((await ask(port, 'metal2.node.consul', 'A', EDNS)).additionals).to.deep.equal([]);
    expect((await ask(port, 'meta.service.consul', 'SRV', EDNS)).additionals).to.have.length(2);
    expect((await ask(port, 'metal2.node.consul', 'TXT', EDNS)).answers).to.have.length(1);
  });

  it('write names out where compression is off', async () => {
    const written = await ask(await serve({ disableCompression: true }), 'big.service.consul', 'SRV', EDNS);
    const compressed = await ask(await serve({}), 'big.service.consul', 'SRV', EDNS);
    expect(written.answers.length).to.be.lessThan(compressed.answers.length);
    expect(written.bytes.includes(Buffer.from([0xc0]))).to.equal(false);
  });

  it('show in the SOA record', async () => {
    const port = await serve({ refreshSeconds: 1, retrySeconds: 2, expireSeconds: 3, negativeTtlSeconds: 4 });
    const { bytes, authorities } = await ask(port, 'nope.service.consul', 'A');
    expect(authorities).to.deep.equal(['consul SOA ns.consul hostmaster.consul 1 4']);
    expect(ttlsOf(bytes)).to.deep.equal([4]);
  });
});
