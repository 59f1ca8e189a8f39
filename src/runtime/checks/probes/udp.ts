import { createSocket } from 'node:dgram';
import { isIPv6 } from 'node:net';
import type { UdpProbe } from '../../../core/index.ts';
import { goErrorText, joinHostPort } from './go-error.ts';
import { splitHostPort } from './host-port.ts';
import type { ProbeResult } from './probe.ts';

/**
 * Sends an empty datagram. Critical when the host says that nobody listens, passing on any answer.
 *
 * Compat(consul): silence until the time is up passes, because most UDP services do not answer what they do not know.
 */
export async function probeUdp(source: UdpProbe, signal: AbortSignal): Promise<ProbeResult> {
  const target = splitHostPort(source.target);
  if (typeof target === 'string')
    return { status: 'critical', output: `dial udp: address ${source.target}: ${target}` };
  const success: ProbeResult = { status: 'passing', output: `UDP connect ${source.target}: Success` };
  const socket = createSocket(isIPv6(target.host) ? 'udp6' : 'udp4');
  try {
    await new Promise<void>((resolve, reject) => {
      socket.once('error', reject);
      socket.once('message', () => resolve());
      signal.addEventListener('abort', () => resolve(), { once: true });
      if (signal.aborted) resolve();
      socket.connect(target.port, target.host, () => socket.send(Buffer.alloc(0)));
    });
    return success;
  } catch (error) {
    const refused = error instanceof Error && 'code' in error && error.code === 'ECONNREFUSED';
    const shown = joinHostPort(target.host, String(target.port));
    const output = refused ? `read udp ${shown}: connection refused` : goErrorText(error);
    return { status: 'critical', output };
  } finally {
    socket.close();
  }
}
