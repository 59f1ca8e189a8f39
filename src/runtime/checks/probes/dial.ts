import { connect, isIP, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { goErrorText, joinHostPort } from './go-error.ts';
import { splitHostPort, type HostPort } from './host-port.ts';

export interface DialOptions {
  /** `host:port`. */
  readonly target: string;
  readonly tls: boolean;
  readonly tlsSkipVerify: boolean;
  /** '' means: the target's host. */
  readonly tlsServerName: string;
  /** Application protocol offered over TLS. */
  readonly alpn?: string;
}

/** A connection to a target, over TLS where asked for. Throws an `Error` worded as Go words it. */
export async function dial(options: DialOptions, signal: AbortSignal): Promise<Socket> {
  const target = splitHostPort(options.target);
  if (typeof target === 'string') throw new Error(`dial tcp: address ${options.target}: ${target}`);
  const socket = open(options, target);
  try {
    await connected(socket, options.tls ? 'secureConnect' : 'connect', signal);
    return socket;
  } catch (error) {
    socket.destroy();
    const shown = joinHostPort(target.host, String(target.port));
    throw new Error(signal.aborted ? `dial tcp ${shown}: i/o timeout` : goErrorText(error), { cause: error });
  }
}

function open(options: DialOptions, { host, port }: HostPort): Socket {
  if (!options.tls) return connect({ host, port });
  const { tlsServerName, tlsSkipVerify, alpn } = options;
  const servername = tlsServerName || (isIP(host) === 0 ? host : '');
  const ALPNProtocols = alpn === undefined ? {} : { ALPNProtocols: [alpn] };
  return connectTls({ host, port, servername, rejectUnauthorized: !tlsSkipVerify, ...ALPNProtocols });
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
  }
}
