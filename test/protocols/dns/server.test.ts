import dgram, { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';
import { expect } from 'chai';
import { createLogger } from '../../../src/platform/logger.ts';
import { createDnsServer, type DnsOptions, type DnsServer } from '../../../src/protocols/dns/index.ts';
import { serveConnection } from '../../../src/protocols/dns/tcp-connection.ts';
import { eventually } from '../../support/eventually.ts';
import { FixtureCatalog } from './catalog.ts';
import { ask, askUdp, decodeAnswer, framed, queryFor, TcpClient } from './client.ts';

type Bind = (this: dgram.Socket, port: number, host: string) => dgram.Socket;

const NAME = 'big.service.consul';

describe('dns: server', () => {
  const catalog = new FixtureCatalog();
  const servers: DnsServer[] = [];

  function create(options: DnsOptions = {}): DnsServer {
    const server = createDnsServer({ port: 0, ...options }, catalog, createLogger('silent'));
    servers.push(server);
    return server;
  }

  afterEach(async () => {
    catalog.isReady = true;
    await Promise.all(servers.splice(0).map((server) => server.stop()));
  });

  describe('on its port', () => {
    it('takes a free one for UDP and TCP alike', async () => {
      const port = await create().start();
      expect((await ask(port, NAME, 'A')).answers).to.have.length(3);
      expect((await ask(port, NAME, 'A', { tcp: true })).answers).to.have.length(60);
    });

    it('takes another free one when UDP has lost the first to somebody else', async () => {
      const prototype: { bind: Bind } = dgram.Socket.prototype;
      const { bind } = prototype;
      const squatter = createSocket('udp4');
      let taken = 0;
      // The first bind finds the port taken by another socket, as it would after losing a race for it.
      prototype.bind = function (port: number, host: string) {
        prototype.bind = bind;
        taken = port;
        squatter.bind(port, host, () => {
          this.bind(port, host);
        });
        return this;
      };
      try {
        const port = await create().start();
        expect(taken).to.be.greaterThan(0);
        expect(port).not.to.equal(taken);
        expect((await ask(port, NAME, 'A')).answers).to.have.length(3);
        expect((await ask(port, NAME, 'A', { tcp: true })).answers).to.have.length(60);
      } finally {
        prototype.bind = bind;
        squatter.close();
      }
    });

    it('does not start on one that is taken, and holds nothing then', async () => {
      const udp = createSocket('udp4').bind(0, '127.0.0.1');
      await once(udp, 'listening');
      const { port } = udp.address();
      const failure: unknown = await create({ port })
        .start()
        .catch((error: unknown) => error);
      expect(failure).to.have.property('code', 'EADDRINUSE');
      const tcp = createServer().listen(port, '127.0.0.1');
      await once(tcp, 'listening');
      tcp.close();
      udp.close();
    });

    it('gives it free on stop', async () => {
      const server = create();
      const port = await server.start();
      const client = await TcpClient.open(port);
      client.send(framed(queryFor(NAME, 'A')));
      await client.next();
      await server.stop();
      await eventually(() => client.closed, 'the end of the connection');
      await create({ port }).start();
    });

    it('stops at once when connections are idle, and soon when a client does not read', async () => {
      const idle = create();
      await TcpClient.open(await idle.start());
      let started = performance.now();
      await idle.stop();
      expect(performance.now() - started).to.be.lessThan(1500);

      let answered = 0;
      const stuck = create({ onAnswered: () => answered++ });
      const socket = connect(await stuck.start(), '127.0.0.1').pause();
      const batch = Buffer.concat(Array.from({ length: 8000 }, () => framed(queryFor(NAME, 'SRV'))));
      socket.write(batch);
      await eventually(() => answered > 100, 'the first answers');
      started = performance.now();
      await stuck.stop();
      expect(performance.now() - started).to.be.lessThan(8000);
      socket.destroy();
    });

    it('answers on IPv6', async function () {
      const server = create({ host: '::1' });
      const port = await server.start().catch((error: unknown) => {
        if (error instanceof Error && 'code' in error && error.code === 'EADDRNOTAVAIL') return undefined;
        throw error;
      });
      if (port === undefined) return this.skip();
      const socket = createSocket('udp6');
      socket.send(queryFor(NAME, 'A'), port, '::1');
      const [answer] = (await once(socket, 'message')) as [Buffer];
      socket.close();
      expect(decodeAnswer(answer).answers).to.have.length(3);
    });
  });

  it('says SERVFAIL until the catalog is ready, and NOERROR from then on', async () => {
    catalog.isReady = false;
    const port = await create().start();
    expect(await ask(port, NAME, 'A')).to.deep.include({ rcode: 2, answers: [], authorities: [] });
    expect((await ask(port, 'example.com', 'A')).rcode).to.equal(5);
    catalog.isReady = true;
    expect((await ask(port, NAME, 'A')).rcode).to.equal(0);
  });

  it('counts what it answers and what it drops', async () => {
    const counted: string[] = [];
    const port = await create({
      onAnswered: (type, rcode, transport) => counted.push(`${transport} ${type} ${rcode}`),
      onDropped: (reason, transport) => counted.push(`${transport} ${reason}`),
    }).start();
    await ask(port, NAME, 'SRV');
    await ask(port, 'nope.service.consul', 'HINFO', { tcp: true });
    await ask(port, 'example.com', 'A');
    const notify = queryFor(NAME, 'A');
    notify.writeUInt16BE(4 << 11, 2);
    await askUdp(port, notify);
    const response = queryFor(NAME, 'A');
    response.writeUInt16BE(0x8000, 2);
    const socket = createSocket('udp4');
    socket.send(response, port, '127.0.0.1');
    await eventually(() => counted.length === 5, 'the count of all five');
    socket.close();
    expect(counted).to.deep.equal([
      'udp SRV NOERROR',
      'tcp OTHER NXDOMAIN',
      'udp A REFUSED',
      'udp - NOTIMP',
      'udp malformed',
    ]);
  });

  it('says SERVFAIL when the catalog fails, and lives on', async () => {
    const failing = new FixtureCatalog();
    failing.service = () => {
      throw new Error('no such luck');
    };
    const server = createDnsServer({ port: 0 }, failing, createLogger('silent'));
    servers.push(server);
    const port = await server.start();
    expect((await ask(port, NAME, 'A')).rcode).to.equal(2);
    expect((await ask(port, 'alpha.node.consul', 'A')).rcode).to.equal(0);
  });

  it('refuses an EDNS version it does not know', async () => {
    const port = await create().start();
    const query = queryFor(NAME, 'A', { ednsSizeBytes: 1232 });
    query.writeUInt8(1, query.length - 5);
    expect((await askUdp(port, query).then(decodeAnswer)).rcode).to.equal(16);
  });

  describe('over TCP', () => {
    it('answers pipelined queries in order', async () => {
      const client = await TcpClient.open(await create().start());
      const names = ['six', 'db', 'nope', 'six', 'big'].map((service) => `${service}.service.consul`);
      client.send(Buffer.concat(names.map((name) => framed(queryFor(name, 'SRV')))));
      const counts: number[] = [];
      while (counts.length < names.length) counts.push(decodeAnswer(await client.next()).answers.length);
      expect(counts).to.deep.equal([1, 3, 0, 1, 60]);
      client.socket.destroy();
    });

    it('answers a query that comes byte by byte', async () => {
      const client = await TcpClient.open(await create().start());
      client.socket.setNoDelay(true);
      for (const byte of framed(queryFor(NAME, 'A'))) {
        client.send(Buffer.from([byte]));
        await new Promise(setImmediate);
      }
      expect(decodeAnswer(await client.next()).answers).to.have.length(60);
      client.socket.destroy();
    });

    it('answers a client that has closed its side', async () => {
      const client = await TcpClient.open(await create().start());
      client.socket.end(framed(queryFor(NAME, 'A')));
      expect(decodeAnswer(await client.next()).answers).to.have.length(60);
      await eventually(() => client.closed, 'the end of the connection');
    });

    it('ends a connection that is idle, or too slow with a query', async () => {
      const port = await create({ tcpIdleTimeoutMs: 300 }).start();
      const idle = await TcpClient.open(port);
      const slow = await TcpClient.open(port);
      const started = performance.now();
      slow.send(framed(Buffer.alloc(4000)).subarray(0, 10));
      const drip = setInterval(() => slow.send(Buffer.from([0])), 20);
      await eventually(() => idle.closed && slow.closed, 'the end of both connections');
      clearInterval(drip);
      expect(performance.now() - started).to.be.at.least(250);
    });

    it('keeps a connection whose queries keep coming', async () => {
      const client = await TcpClient.open(await create({ tcpIdleTimeoutMs: 1000 }).start());
      const started = performance.now();
      while (performance.now() - started < 1500) {
        client.send(framed(queryFor(NAME, 'A')));
        await client.next();
        await new Promise((resolve) => setTimeout(resolve, 50));
      }
      expect(client.closed).to.equal(false);
      client.socket.destroy();
    });

    for (const [what, bytes] of [
      ['an overlong query', Buffer.from([0xff, 0xff, 0, 0])],
      ['a query of no length', Buffer.from([0, 0])],
      [
        'an answer instead of a query',
        framed(Buffer.concat([Buffer.from([0, 1, 0x80, 0]), Buffer.alloc(8)])),
      ],
    ] as const) {
      it(`ends a connection at ${what}`, async () => {
        const client = await TcpClient.open(await create().start());
        client.send(Buffer.concat([framed(queryFor(NAME, 'A')), bytes]));
        expect(decodeAnswer(await client.next()).answers).to.have.length(60);
        await eventually(() => client.closed, 'the end of the connection');
      });
    }

    it('neither answers nor reads further while a client does not read', async () => {
      const answer = Buffer.alloc(60_000);
      let answered = 0;
      let served: Socket | undefined;
      const server = createServer((socket) => {
        served = socket;
        serveConnection(socket, () => (answered++, answer), 60_000);
      }).listen(0, '127.0.0.1');
      await once(server, 'listening');
      const socket = connect((server.address() as AddressInfo).port, '127.0.0.1').pause();
      try {
        const batch = Buffer.concat(Array.from({ length: 500 }, () => framed(queryFor(NAME, 'A'))));
        // 20 MB: more than what the system keeps for the two sockets.
        for (let n = 0; n < 1000; n++) socket.write(batch);
        let before = -1;
        await eventually(async () => {
          before = answered;
          await new Promise((resolve) => setTimeout(resolve, 300));
          return answered > 0 && answered === before;
        }, 'the server to stop answering');
        expect(served?.writableLength).to.be.lessThan(3 * answer.length);
        expect(served?.bytesRead).to.be.lessThan(1_000_000);
        socket.resume();
        await eventually(() => answered > before + 1000, 'more answers', 15_000);
      } finally {
        socket.destroy();
        server.close();
      }
    });

    it('takes no more connections than it may, and others once one has ended', async () => {
      const dropped: string[] = [];
      const port = await create({
        maxTcpConnections: 2,
        onDropped: (reason) => dropped.push(reason),
      }).start();
      const first = await TcpClient.open(port);
      const second = await TcpClient.open(port);
      second.send(framed(queryFor(NAME, 'A')));
      await second.next();
      const third = await TcpClient.open(port);
      await eventually(() => third.closed, 'the refusal of the third');
      expect(dropped).to.deep.equal(['overload']);
      first.socket.destroy();
      await eventually(async () => {
        const { answers } = await ask(port, NAME, 'A', { tcp: true });
        return answers.length === 60;
      }, 'room for another');
      second.socket.destroy();
    });
  });

  it('lives through resets and junk on both transports', async () => {
    const port = await create().start();
    for (let n = 0; n < 20; n++) {
      const client = await TcpClient.open(port);
      client.send(framed(queryFor(NAME, 'SRV')));
      client.socket.resetAndDestroy();
    }
    const socket = createSocket('udp4');
    for (const junk of [Buffer.alloc(0), Buffer.alloc(1), Buffer.alloc(1400, 0xff), Buffer.alloc(12)]) {
      socket.send(junk, port, '127.0.0.1');
    }
    expect((await ask(port, NAME, 'A')).answers).to.have.length(3);
    expect((await ask(port, NAME, 'A', { tcp: true })).answers).to.have.length(60);
    socket.close();
  });
});
