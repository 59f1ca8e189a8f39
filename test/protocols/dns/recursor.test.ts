import { createSocket, type RemoteInfo, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { createServer, type AddressInfo, type Server } from 'node:net';
import { expect } from 'chai';
import packet from 'dns-packet';
import { createLogger } from '../../../src/platform/logger.ts';
import { createDnsServer, type DnsOptions, type DnsServer } from '../../../src/protocols/dns/index.ts';
import { FixtureCatalog } from './catalog.ts';
import { ask, askUdp, decodeAnswer, framed, queryFor } from './client.ts';

const NAME = 'www.example.com';
const ADDRESS = '192.0.2.80';

type Answering = (query: Buffer, reply: (bytes: Buffer) => void) => void;

/** A DNS server elsewhere: on one port over UDP and TCP, it answers as it is told and keeps what it was asked. */
class Upstream {
  readonly asked: Buffer[] = [];
  readonly from: number[] = [];
  answering: Answering = (query, reply) => reply(answerTo(query));
  readonly #udp: Socket = createSocket('udp4');
  readonly #tcp: Server = createServer();

  async start(): Promise<number> {
    this.#udp.on('message', (query: Buffer, { port, address }: RemoteInfo) => {
      this.asked.push(query);
      this.from.push(port);
      this.answering(query, (bytes) => this.#udp.send(bytes, port, address));
    });
    this.#tcp.on('connection', (socket) => {
      socket.on('error', () => undefined);
      socket.on('data', (chunk) => {
        this.asked.push(chunk.subarray(2));
        this.answering(chunk.subarray(2), (bytes) => socket.write(framed(bytes)));
      });
    });
    // TCP leaves ports behind for a minute, so it chooses.
    this.#tcp.listen(0, '127.0.0.1');
    await once(this.#tcp, 'listening');
    const { port } = this.#tcp.address() as AddressInfo;
    this.#udp.bind(port, '127.0.0.1');
    await once(this.#udp, 'listening');
    return port;
  }

  stop(): void {
    this.#udp.close();
    this.#tcp.close();
  }
}

function answerTo(query: Buffer, rcode = 0, count = 1): Buffer {
  const { id, questions = [] } = packet.decode(query);
  const name = questions[0]?.name ?? '';
  const answers = Array.from({ length: count }, () => ({ name, type: 'A' as const, ttl: 60, data: ADDRESS }));
  return packet.encode({
    type: 'response',
    id: id ?? 0,
    flags: packet.AUTHORITATIVE_ANSWER | packet.RECURSION_DESIRED | rcode,
    questions,
    answers: rcode === 0 ? answers : [],
  });
}

describe('dns: recursion', () => {
  const servers: DnsServer[] = [];
  const upstreams: Upstream[] = [];

  async function upstream(): Promise<{ elsewhere: Upstream; server: string }> {
    const elsewhere = new Upstream();
    upstreams.push(elsewhere);
    return { elsewhere, server: `127.0.0.1:${await elsewhere.start()}` };
  }

  async function serve(upstreamServers: readonly string[], options: DnsOptions = {}): Promise<number> {
    const recursion = {
      servers: upstreamServers,
      timeoutMs: 300,
      strategy: 'sequential',
      clients: ['127.0.0.0/8'],
      ...options.recursion,
    } as const;
    const server = createDnsServer(
      { port: 0, ...options, recursion },
      new FixtureCatalog(),
      createLogger('silent'),
    );
    servers.push(server);
    return server.start();
  }

  afterEach(async () => {
    await Promise.all(servers.splice(0).map((server) => server.stop()));
    for (const each of upstreams.splice(0)) each.stop();
  });

  for (const tcp of [false, true]) {
    it(`passes other domains on over ${tcp ? 'TCP' : 'UDP'}`, async () => {
      const { elsewhere, server } = await upstream();
      const port = await serve([server]);
      const { answers, authoritative, bytes } = await ask(port, NAME, 'A', { tcp });
      // A server that does not compress the name repeats our random case of it.
      expect(answers.map((line) => line.toLowerCase())).to.deep.equal([`${NAME} a ${ADDRESS}`]);
      expect({ authoritative, id: bytes.readUInt16BE(0) }).to.deep.equal({ authoritative: false, id: 4711 });
      expect((bytes[3] ?? 0) & 0x80, 'RA').to.equal(0x80);
      expect(elsewhere.asked).to.have.length(1);
    });
  }

  it('answers our own names itself, and says that it recurses', async () => {
    const { elsewhere, server } = await upstream();
    const port = await serve([server]);
    for (const name of ['db.service.consul', 'nope.service.consul', '1.0.0.10.in-addr.arpa']) {
      const { bytes, authoritative } = await ask(port, name, name.endsWith('arpa') ? 'PTR' : 'A');
      expect({ authoritative, ra: (bytes[3] ?? 0) & 0x80 }, name).to.deep.equal({
        authoritative: true,
        ra: 0x80,
      });
    }
    expect(elsewhere.asked).to.deep.equal([]);
    await ask(port, '1.9.9.9.in-addr.arpa', 'PTR');
    expect(elsewhere.asked).to.have.length(1);
  });

  it('asks under a random id, from a random port, in random case', async () => {
    const { elsewhere, server } = await upstream();
    const port = await serve([server]);
    for (let n = 0; n < 12; n++) await askUdp(port, queryFor(NAME, 'A'));
    const ids = new Set(elsewhere.asked.map((query) => query.readUInt16BE(0)));
    const names = new Set(elsewhere.asked.map((query) => query.toString('latin1', 12, 29)));
    expect(ids.size).to.be.greaterThan(9);
    expect(names.size).to.be.greaterThan(9);
    expect(new Set(elsewhere.from).size).to.be.greaterThan(6);
    expect(new Set([...names].map((name) => name.toLowerCase())).size).to.equal(1);
  });

  it('passes over answers that do not fit the question, and takes the one that does', async () => {
    const { elsewhere, server } = await upstream();
    const forged = (query: Buffer): Buffer[] => {
      const lower = Buffer.from(query.toString('latin1').toLowerCase(), 'latin1');
      const otherId = Buffer.from(query);
      otherId.writeUInt16BE(query.readUInt16BE(0) ^ 1, 0);
      const otherName = queryFor('evil.example.com', 'A');
      query.copy(otherName, 0, 0, 2);
      return [lower, otherId, otherName].map((one) => answerTo(one)).concat(query, Buffer.alloc(5));
    };
    elsewhere.answering = (query, reply) => {
      for (const bytes of forged(query)) reply(bytes);
      setTimeout(() => reply(answerTo(query, 3)), 50);
    };
    // Should the random case be all lower, the first forgery is no forgery; of so many letters it will not.
    const name = `${'a'.repeat(60)}.example.com`;
    expect((await ask(await serve([server]), name, 'A')).rcode).to.equal(3);
  });

  it('asks the next one where one fails or keeps silent', async () => {
    const [failing, silent, good] = [await upstream(), await upstream(), await upstream()];
    failing.elsewhere.answering = (query, reply) => reply(answerTo(query, 2));
    silent.elsewhere.answering = () => undefined;
    const port = await serve([failing.server, silent.server, good.server]);
    expect((await ask(port, NAME, 'A')).answers).to.have.length(1);
    for (const { elsewhere } of [failing, silent, good]) expect(elsewhere.asked).to.have.length(1);
  });

  it('says SERVFAIL where none answers, over TCP too', async () => {
    const silent = await upstream();
    silent.elsewhere.answering = () => undefined;
    const port = await serve([silent.server]);
    for (const tcp of [false, true]) {
      const { rcode, bytes } = await ask(port, NAME, 'A', { tcp });
      expect({ rcode, ra: (bytes[3] ?? 0) & 0x80 }).to.deep.equal({ rcode: 2, ra: 0x80 });
    }
  });

  it('cuts what is longer than the client takes', async () => {
    const { elsewhere, server } = await upstream();
    elsewhere.answering = (query, reply) => reply(answerTo(query, 0, 60));
    const port = await serve([server]);
    const short = await ask(port, NAME, 'A');
    expect({ truncated: short.truncated, answers: short.answers }).to.deep.equal({
      truncated: true,
      answers: [],
    });
    expect((await ask(port, NAME, 'A', { ednsSizeBytes: 4096 })).answers).to.have.length(60);
  });

  it('refuses clients that it is not for', async () => {
    const { elsewhere, server } = await upstream();
    const recursion = {
      servers: [server],
      timeoutMs: 300,
      strategy: 'random',
      clients: ['10.0.0.0/8', '::1'],
    } as const;
    expect((await ask(await serve([server], { recursion }), NAME, 'A')).rcode).to.equal(5);
    expect(elsewhere.asked).to.deep.equal([]);
  });

  it('answers other queries of a connection meanwhile', async () => {
    const { elsewhere, server } = await upstream();
    elsewhere.answering = () => undefined;
    const port = await serve([server]);
    const late = ask(port, NAME, 'A', { tcp: true });
    expect((await ask(port, 'db.service.consul', 'A')).answers).to.have.length(2);
    expect(decodeAnswer((await late).bytes).rcode).to.equal(2);
  });
});
