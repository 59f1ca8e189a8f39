import { once } from 'node:events';
import { createServer as createHttpServer, type IncomingMessage, type RequestListener } from 'node:http';
import { createServer as createHttpsServer } from 'node:https';
import { createServer as createTcpServer, type AddressInfo, type Server, type Socket } from 'node:net';

/** Something that checks can look at, on a free port of 127.0.0.1. */
export interface ProbeTarget {
  readonly port: number;
  /** Requests seen, by an HTTP target. */
  readonly requests: SeenRequest[];
  /** Number of open connections. */
  connections(): number;
  /** Ends it, open connections included. */
  stop(): Promise<void>;
}

export interface SeenRequest {
  readonly method: string;
  readonly url: string;
  readonly headers: IncomingMessage['headers'];
  readonly body: string;
}

export interface Certificate {
  readonly key: Buffer;
  readonly cert: Buffer;
}

/** Serves HTTP, or HTTPS where a certificate is given. */
export async function httpTarget(answer: RequestListener, tls?: Certificate): Promise<ProbeTarget> {
  const requests: SeenRequest[] = [];
  const listener: RequestListener = (request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const { method = '', url = '', headers } = request;
      requests.push({ method, url, headers, body: Buffer.concat(chunks).toString() });
      answer(request, response);
    });
  };
  const server = tls === undefined ? createHttpServer(listener) : createHttpsServer(tls, listener);
  return { ...(await listen(server)), requests };
}

/** Accepts connections and does with each what it is told. */
export async function tcpTarget(accept: (socket: Socket) => void = () => undefined): Promise<ProbeTarget> {
  return { ...(await listen(createTcpServer(accept))), requests: [] };
}

/** A port that nothing listens on. */
export async function closedPort(): Promise<number> {
  const target = await tcpTarget();
  await target.stop();
  return target.port;
}

async function listen(server: Server): Promise<Omit<ProbeTarget, 'requests'>> {
  const sockets = new Set<Socket>();
  server.on('connection', (socket: Socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
    socket.on('error', () => undefined);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    connections: () => sockets.size,
    stop: async () => {
      if (!server.listening) return;
      const closed = once(server, 'close');
      server.close();
      for (const socket of sockets) socket.destroy();
      await closed;
    },
  };
}
