import { expect } from 'chai';
import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { probeUdp } from '../../src/runtime/checks/probes/udp.ts';

async function look(target: string, withinMs: number): Promise<string[]> {
  const source = { kind: 'udp', target, intervalMs: 1000, timeoutMs: 1000 } as const;
  const { status, output } = await probeUdp(source, AbortSignal.timeout(withinMs));
  return [status, output];
}

async function listening(): Promise<{ socket: Socket; address: string }> {
  const socket = createSocket('udp4');
  socket.bind(0, '127.0.0.1');
  await once(socket, 'listening');
  return { socket, address: `127.0.0.1:${String(socket.address().port)}` };
}

describe('UDP probe', () => {
  it('passes at once on an answer to its empty datagram', async () => {
    const { socket, address } = await listening();
    const lengths: number[] = [];
    socket.on('message', (message, { port }) => {
      lengths.push(message.length);
      socket.send('pong', port, '127.0.0.1');
    });
    expect(await look(address, 20_000)).to.deep.equal(['passing', `UDP connect ${address}: Success`]);
    expect(lengths).to.deep.equal([0]);
    socket.close();
  });

  it('Compat(consul): silence until the time is up passes', async () => {
    const { socket, address } = await listening();
    expect(await look(address, 150)).to.deep.equal(['passing', `UDP connect ${address}: Success`]);
    socket.close();
  });

  it('is critical when the host says that nobody listens', async () => {
    const { socket, address } = await listening();
    socket.close();
    await once(socket, 'close');
    expect(await look(address, 20_000)).to.deep.equal([
      'critical',
      `read udp ${address}: connection refused`,
    ]);
  });

  it('is critical for a target that is none', async () => {
    expect(await look('here', 1000)).to.deep.equal([
      'critical',
      'dial udp: address here: missing port in address',
    ]);
  });
});
