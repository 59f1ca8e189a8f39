import type { ClientHttp2Session } from 'node:http2';
import type { H2PingProbe } from '../../../core/index.ts';
import { dial } from './dial.ts';
import { goErrorText } from './go-error.ts';
import { withHttp2Session } from './http2-session.ts';
import type { ProbeResult } from './probe.ts';

/** Passing when an HTTP/2 server answers a PING frame. */
export async function probeH2Ping(source: H2PingProbe, signal: AbortSignal): Promise<ProbeResult> {
  const { target } = source;
  let socket;
  try {
    socket = await dial({ ...source, alpn: 'h2' }, signal);
  } catch (error) {
    return { status: 'critical', output: `Failed to dial to ${target}: ${goErrorText(error)}` };
  }
  try {
    await withHttp2Session(socket, `http://${target}`, signal, ping);
    return { status: 'passing', output: 'HTTP2 ping was successful' };
  } catch (error) {
    const why = signal.aborted ? 'context deadline exceeded' : goErrorText(error);
    return { status: 'critical', output: `HTTP2 ping failed: ${why}` };
  }
}

function ping(session: ClientHttp2Session): Promise<void> {
  return new Promise((resolve, reject) => {
    session.ping((error) => {
      if (error === null) resolve();
      else reject(error);
    });
  });
}
