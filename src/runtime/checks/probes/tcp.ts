import type { TcpProbe } from '../../../core/index.ts';
import { dial } from './dial.ts';
import { goErrorText } from './go-error.ts';
import type { ProbeResult } from './probe.ts';

/** Passing when a connection can be made, over TLS where asked for. Sends nothing but the handshake. */
export async function probeTcp(source: TcpProbe, signal: AbortSignal): Promise<ProbeResult> {
  try {
    const socket = await dial(source, signal);
    socket.destroy();
    return { status: 'passing', output: `TCP connect ${source.target}: Success` };
  } catch (error) {
    return { status: 'critical', output: goErrorText(error) };
  }
}
