import { expect } from 'chai';
import { readFileSync } from 'node:fs';
import type { TcpProbe } from '../../src/core/index.ts';
import { probeTcp } from '../../src/runtime/checks/probes/tcp.ts';
import { closedPort, httpTarget, tcpTarget, type ProbeTarget } from '../support/probe-target.ts';

const TLS = {
  key: readFileSync('test/fixtures/tls/key.pem'),
  cert: readFileSync('test/fixtures/tls/cert.pem'),
};

async function look(
  target: string,
  fields: Partial<TcpProbe> = {},
  timeoutMs = 10_000,
): Promise<[string, string]> {
  const ending = new AbortController();
  const timer = setTimeout(() => ending.abort(), timeoutMs);
  const source: TcpProbe = {
    kind: 'tcp',
    target,
    tls: false,
    tlsSkipVerify: false,
    tlsServerName: '',
    intervalMs: 1000,
    timeoutMs: 1000,
    ...fields,
  };
  try {
    const { status, output } = await probeTcp(source, ending.signal);
    return [status, output];
  } finally {
    clearTimeout(timer);
  }
}

describe('TCP probe', () => {
  let target: ProbeTarget | undefined;
  afterEach(async () => {
    await target?.stop();
    target = undefined;
  });

  it('passes when a connection can be made, and sends nothing over it', async () => {
    let received = 0;
    const closed = new Promise<void>((resolve) => {
      void tcpTarget((socket) => {
        socket.on('data', (chunk) => (received += chunk.length));
        socket.on('close', () => resolve());
      }).then(async (listening) => {
        target = listening;
        const address = `127.0.0.1:${listening.port}`;
        expect(await look(address)).to.deep.equal(['passing', `TCP connect ${address}: Success`]);
      });
    });
    await closed;
    expect(received).to.equal(0);
  });

  it('is critical when nobody listens', async () => {
    const address = `127.0.0.1:${await closedPort()}`;
    expect(await look(address)).to.deep.equal([
      'critical',
      `dial tcp ${address}: connect: connection refused`,
    ]);
  });

  it('is critical when the handshake does not end in time', async () => {
    target = await tcpTarget();
    const address = `127.0.0.1:${target.port}`;
    expect(await look(address, { tls: true }, 100)).to.deep.equal([
      'critical',
      `dial tcp ${address}: i/o timeout`,
    ]);
  });

  it('is critical for an address that is none, in words that say why', async () => {
    expect(await look('localhost')).to.deep.equal([
      'critical',
      'dial tcp: address localhost: missing port in address',
    ]);
    expect((await look('::1:80'))[1]).to.equal('dial tcp: address ::1:80: too many colons in address');
    expect((await look('localhost:99999'))[1]).to.equal('dial tcp: address localhost:99999: invalid port');
    expect((await look('nowhere.invalid:80'))[1]).to.match(/^dial tcp: lookup nowhere.invalid: /);
  });

  it('verifies the certificate of a TLS target, unless told not to', async () => {
    target = await httpTarget((_request, response) => response.end(), TLS);
    const address = `127.0.0.1:${target.port}`;
    expect((await look(address, { tls: true }))[1]).to.match(/^tls: failed to verify certificate: /);
    expect(await look(address, { tls: true, tlsSkipVerify: true })).to.deep.equal([
      'passing',
      `TCP connect ${address}: Success`,
    ]);
  });
});
