import { connect as connectHttp2, type ClientHttp2Session } from 'node:http2';
import type { Socket } from 'node:net';

/**
 * Runs `use` on an HTTP/2 session over a connected socket, and ends both.
 *
 * Rejects when the session fails or `signal` aborts before `use` is done.
 */
export async function withHttp2Session<T>(
  socket: Socket,
  authority: string,
  signal: AbortSignal,
  use: (session: ClientHttp2Session) => Promise<T>,
): Promise<T> {
  const session = connectHttp2(authority, { createConnection: () => socket });
  const abort = () => session.destroy(new Error('context deadline exceeded'));
  signal.addEventListener('abort', abort);
  const broken = new Promise<never>((_resolve, reject) => {
    session.on('error', reject);
    session.once('close', () => reject(new Error('connection closed')));
  });
  try {
    if (signal.aborted) abort();
    return await Promise.race([use(session), broken]);
  } finally {
    signal.removeEventListener('abort', abort);
    session.destroy();
    socket.destroy();
  }
}
