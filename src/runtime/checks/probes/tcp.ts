import { connect, isIP, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import type { TcpProbe } from '../../../core/index.ts';
import { goErrorText, joinHostPort } from './go-error.ts';
import type { ProbeResult } from './probe.ts';

/** Passing when a connection can be made, over TLS where asked for. Sends nothing but the handshake. */
export async function probeTcp(source: TcpProbe, signal: AbortSignal): Promise<ProbeResult> {
  const target = splitHostPort(source.target);
  if (typeof target === 'string')
    return { status: 'critical', output: `dial tcp: address ${source.target}: ${target}` };
  try {
    await connected(open(source, target), source.tls ? 'secureConnect' : 'connect', signal);
    return { status: 'passing', output: `TCP connect ${source.target}: Success` };
  } catch (error) {
    const shown = joinHostPort(target.host, String(target.port));
    return {
      status: 'critical',
      output: signal.aborted ? `dial tcp ${shown}: i/o timeout` : goErrorText(error),
    };
  }
}

interface Target {
  readonly host: string;
  readonly port: number;
}

function open(source: TcpProbe, { host, port }: Target): Socket {
  if (!source.tls) return connect({ host, port });
  const servername = source.tlsServerName || (isIP(host) === 0 ? host : '');
  return connectTls({ host, port, servername, rejectUnauthorized: !source.tlsSkipVerify });
}

async function connected(socket: Socket, event: string, signal: AbortSignal): Promise<void> {
  const abort = () => socket.destroy(new Error('aborted'));
  signal.addEventListener('abort', abort);
  try {
    await new Promise<void>((resolve, reject) => {
      socket.once(event, resolve);
      socket.on('error', reject);
      socket.once('close', () => reject(new Error('EOF')));
      if (signal.aborted) abort();
    });
  } finally {
    signal.removeEventListener('abort', abort);
    socket.destroy();
  }
}

/** The parts of `host:port` or `[host]:port`, or Go's words for what is wrong with it. */
function splitHostPort(text: string): Target | string {
  const match = /^(?:\[([^\]]*)\]|([^:]*)):([^:]*)$/.exec(text);
  if (match === null)
    return text.includes(':') && !text.endsWith(']')
      ? 'too many colons in address'
      : 'missing port in address';
  const [, bracketed, plain, digits = ''] = match;
  const port = Number(digits);
  if (!/^\d{1,5}$/.test(digits) || port > 65_535) return 'invalid port';
  return { host: bracketed ?? (plain || 'localhost'), port };
}
