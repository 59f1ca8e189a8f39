import { setMaxListeners } from 'node:events';
import { request as httpRequest, type IncomingHttpHeaders } from 'node:http';
import { createApp, Edge, HttpServer, type Dialect, type Admission } from '../../src/http/index.ts';
import { systemClock } from '../../src/platform/clock.ts';
import { createLogger } from '../../src/platform/logger.ts';

export interface HttpAnswer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
  readonly text: string;
}

export interface TestServer {
  readonly port: number;
  readonly url: string;
  /** Ends blocked reads, as a stopping process does. */
  readonly shutdown: AbortController;
  stop(): Promise<void>;
}

/** Serves dialects over a real socket through the real edge. */
export async function serveDialects(
  dialects: readonly Dialect[],
  maxConnectionsPerClient = 1000,
  admission?: Admission,
): Promise<TestServer> {
  const shutdown = new AbortController();
  setMaxListeners(0, shutdown.signal);
  const logger = createLogger('silent');
  const edge = new Edge({
    dialects,
    logger,
    shutdown: shutdown.signal,
    clock: systemClock,
    onAnswered: () => undefined,
    ...(admission && { admission }),
  });
  const app = createApp({
    edge,
    openapiDirectory: new URL('../../openapi/', import.meta.url),
    openapiNames: ['native'],
    isReady: () => !shutdown.signal.aborted,
    metrics: () => Promise.resolve({ text: 'up 1\n', contentType: 'text/plain' }),
  });
  const server = new HttpServer(app, {
    answer: (request, response) => edge.answer(request, response),
    host: '127.0.0.1',
    port: 0,
    maxConnectionsPerClient,
  });
  const port = await server.listen();
  return {
    port,
    url: `http://127.0.0.1:${String(port)}`,
    shutdown,
    stop: async () => {
      shutdown.abort();
      await server.close();
    },
  };
}

/** Sends a request exactly as told: no path normalisation, no redirects followed. */
export async function send(
  port: number,
  method: string,
  path: string,
  options: { body?: string | Uint8Array; headers?: Record<string, string>; timeoutMs?: number } = {},
): Promise<HttpAnswer> {
  const { body, headers = {}, timeoutMs = 15_000 } = options;
  const length = body === undefined ? {} : { 'Content-Length': String(Buffer.byteLength(body)) };
  return new Promise((resolve, reject) => {
    const outgoing = httpRequest({
      host: '127.0.0.1',
      port,
      method,
      path,
      headers: { ...length, ...headers },
      timeout: timeoutMs,
      agent: false,
    });
    outgoing.on('response', (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('error', reject);
      response.on('end', () => {
        const whole = Buffer.concat(chunks);
        resolve({
          status: response.statusCode ?? 0,
          headers: response.headers,
          body: whole,
          text: whole.toString('utf8'),
        });
      });
    });
    outgoing.on('timeout', () =>
      outgoing.destroy(new Error(`no answer to ${method} ${path} within ${String(timeoutMs)} ms`)),
    );
    outgoing.on('error', reject);
    outgoing.end(body);
  });
}

/** Sends a body in chunks without saying how long it will be; resolves with the status. */
export async function sendChunks(
  port: number,
  method: string,
  path: string,
  chunks: readonly string[],
): Promise<number> {
  return new Promise((resolve, reject) => {
    const outgoing = httpRequest({
      host: '127.0.0.1',
      port,
      method,
      path,
      headers: { 'Transfer-Encoding': 'chunked' },
      agent: false,
    });
    outgoing.on('response', (response) => {
      response.resume();
      resolve(response.statusCode ?? 0);
    });
    outgoing.on('error', reject);
    for (const chunk of chunks) outgoing.write(chunk);
    outgoing.end();
  });
}
