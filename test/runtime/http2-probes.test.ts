import { expect } from 'chai';
import { readFileSync } from 'node:fs';
import type { GrpcProbe } from '../../src/core/index.ts';
import { healthRequest, saysServing } from '../../src/runtime/checks/probes/grpc-health.ts';
import { runProbe } from '../../src/runtime/checks/probes/index.ts';
import { answerGrpc, http2Target, type Http2Target } from '../support/http2-target.ts';
import { closedPort, httpTarget, tcpTarget, type ProbeTarget } from '../support/probe-target.ts';

const TLS = {
  key: readFileSync('test/fixtures/tls/key.pem'),
  cert: readFileSync('test/fixtures/tls/cert.pem'),
};
const SERVING = Buffer.from([8, 1]);

type Fields = Partial<Omit<GrpcProbe, 'kind'>> & { readonly kind?: 'grpc' | 'h2ping' };

async function look(target: string, fields: Fields = {}, withinMs = 10_000): Promise<string[]> {
  const source = {
    kind: 'grpc',
    target,
    tls: false,
    tlsSkipVerify: false,
    tlsServerName: '',
    intervalMs: 1000,
    timeoutMs: 1000,
    ...fields,
  } as const;
  const { status, output } = await runProbe(source, AbortSignal.timeout(withinMs));
  return [status, output];
}

describe('Probes over HTTP/2', () => {
  const targets: (Http2Target | ProbeTarget)[] = [];

  async function started<T extends Http2Target | ProbeTarget>(starting: Promise<T>): Promise<T> {
    const target = await starting;
    targets.push(target);
    return target;
  }

  afterEach(async () => {
    await Promise.all(targets.splice(0).map((target) => target.stop()));
  });

  describe('of gRPC health', () => {
    it('passes when the service named in the target is serving', async () => {
      const asked: unknown[] = [];
      const { address } = await started(
        http2Target((stream, headers, body) => {
          asked.push([headers[':path'], headers['content-type'], headers['te'], body.toString('hex')]);
          answerGrpc(stream, SERVING);
        }),
      );
      expect(await look(`${address}/cart.Api`)).to.deep.equal([
        'passing',
        `gRPC check ${address}/cart.Api: success`,
      ]);
      expect(await look(address)).to.deep.equal(['passing', `gRPC check ${address}: success`]);
      const about = ['/grpc.health.v1.Health/Check', 'application/grpc', 'trailers'];
      expect(asked).to.deep.equal([
        [...about, '000000000a0a08636172742e417069'],
        [...about, '0000000000'],
      ]);
    });

    it('is critical when the service is not serving, or of a status that is not known', async () => {
      for (const message of [[8, 2], [8, 0], [], [8, 3], [8, 0x81, 1]]) {
        const { address } = await started(
          http2Target((stream) => {
            answerGrpc(stream, Buffer.from(message));
          }),
        );
        expect(await look(address)).to.deep.equal([
          'critical',
          "gRPC application didn't report service healthy",
        ]);
      }
    });

    it('is critical when the call fails, and says how', async () => {
      const { address } = await started(
        http2Target((stream) => {
          stream.respond(
            { ':status': 200, 'grpc-status': '5', 'grpc-message': 'unknown%20service' },
            { endStream: true },
          );
        }),
      );
      expect(await look(address)).to.deep.equal([
        'critical',
        'rpc error: code = NotFound desc = unknown service',
      ]);
    });

    it('is critical when the server speaks HTTP/2 and not gRPC', async () => {
      const { address } = await started(
        http2Target((stream) => {
          stream.respond({ ':status': 404 });
          stream.end('no');
        }),
      );
      expect(await look(address)).to.deep.equal([
        'critical',
        'rpc error: code = Unknown desc = unexpected HTTP status code received from server: 404',
      ]);
    });

    it('is critical when nobody listens, the server is no HTTP/2 server or does not answer in time', async () => {
      const port = await closedPort();
      expect(await look(`127.0.0.1:${String(port)}/x`)).to.deep.equal([
        'critical',
        `rpc error: code = Unavailable desc = connection error: desc = "transport: Error while dialing dial tcp 127.0.0.1:${String(port)}: connect: connection refused"`,
      ]);
      const http = await started(httpTarget((_request, response) => response.end('hello')));
      const [status, output] = await look(`127.0.0.1:${String(http.port)}`);
      expect([status, output?.startsWith('rpc error: code = Unavailable')]).to.deep.equal(['critical', true]);
      const silent = await started(tcpTarget());
      expect(await look(`127.0.0.1:${String(silent.port)}`, {}, 200)).to.deep.equal([
        'critical',
        'rpc error: code = DeadlineExceeded desc = context deadline exceeded',
      ]);
      expect(await look('nonsense')).to.have.property('0', 'critical');
    });

    it('goes over TLS where asked for, and verifies unless told not to', async () => {
      const { address } = await started(
        http2Target((stream) => {
          answerGrpc(stream, SERVING);
        }, TLS),
      );
      expect(await look(address, { tls: true, tlsSkipVerify: true })).to.have.property('0', 'passing');
      expect(await look(address, { tls: true })).to.have.property('0', 'critical');
      expect(await look(address)).to.have.property('0', 'critical');
    });

    it('reads only whole, uncompressed messages, and skips fields it does not know', () => {
      const framed = (...message: number[]) => Buffer.from([0, 0, 0, 0, message.length, ...message]);
      expect(saysServing(framed(8, 1))).to.equal(true);
      expect(saysServing(framed(18, 2, 8, 2, 25, 0, 0, 0, 0, 0, 0, 0, 0, 8, 1))).to.equal(true);
      expect(saysServing(framed(8, 1, 8, 2))).to.equal(false);
      expect(saysServing(framed(18, 9, 8, 1))).to.equal(false);
      expect(saysServing(framed(8))).to.equal(false);
      expect(saysServing(Buffer.from([1, 0, 0, 0, 2, 8, 1]))).to.equal(false);
      expect(saysServing(Buffer.from([0, 0, 0, 0, 3, 8, 1]))).to.equal(false);
      expect(saysServing(Buffer.alloc(0))).to.equal(false);
      const long = healthRequest('x'.repeat(300));
      expect(long.subarray(0, 8).toString('hex')).to.equal('000000012f0aac02');
    });
  });

  describe('of PING', () => {
    it('passes when the server answers, over TLS too', async () => {
      const plain = await started(http2Target(() => undefined));
      expect(await look(plain.address, { kind: 'h2ping' })).to.deep.equal([
        'passing',
        'HTTP2 ping was successful',
      ]);
      const secure = await started(http2Target(() => undefined, TLS));
      const fields = { kind: 'h2ping', tls: true, tlsSkipVerify: true } as const;
      expect(await look(secure.address, fields)).to.have.property('0', 'passing');
    });

    it('is critical when nobody listens or nobody answers', async () => {
      const port = await closedPort();
      const address = `127.0.0.1:${String(port)}`;
      expect(await look(address, { kind: 'h2ping' })).to.deep.equal([
        'critical',
        `Failed to dial to ${address}: dial tcp ${address}: connect: connection refused`,
      ]);
      const silent = await started(tcpTarget());
      expect(await look(`127.0.0.1:${String(silent.port)}`, { kind: 'h2ping' }, 200)).to.deep.equal([
        'critical',
        'HTTP2 ping failed: context deadline exceeded',
      ]);
    });
  });
});
