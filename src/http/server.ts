import http from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import type { Express } from 'express';

interface HttpServerOptions {
  /** Answers a request ahead of the app, where it can; whether it does. */
  readonly repeat?: (request: http.IncomingMessage, response: http.ServerResponse) => boolean;
  readonly host: string;
  /** 0 takes any free port. */
  readonly port: number;
  /** Open connections one client address may have; the next one's requests are answered 429. */
  readonly maxConnectionsPerClient: number;
}

const CLOSE_WITHIN_MS = 5000;

/** The HTTP server of an express app, with bounds on headers, time and connections. */
export class HttpServer {
  readonly #server: http.Server;
  readonly #perClient = new Map<string, number>();
  readonly #refused = new WeakSet<Socket>();
  readonly #options: HttpServerOptions;

  constructor(app: Express, options: HttpServerOptions) {
    const { repeat = () => false } = options;
    this.#options = options;
    this.#server = http.createServer(
      {
        ...matchedClasses(app),
        headersTimeout: 5000,
        requestTimeout: 15_000,
        keepAliveTimeout: 65_000,
        connectionsCheckingInterval: 1000,
        maxHeaderSize: 16 * 1024,
      },
      (request, response) => {
        if (this.#refused.has(request.socket)) refuse(response);
        else if (!repeat(request, response)) app(request, response);
      },
    );
    this.#server.maxHeadersCount = 100;
    this.#server.on('connection', (socket) => {
      this.#count(socket);
    });
  }

  /** Resolves with the port; rejects when it cannot be had. */
  async listen(): Promise<number> {
    await new Promise<void>((resolve, reject) => {
      this.#server.once('error', reject);
      this.#server.listen({ host: this.#options.host, port: this.#options.port, backlog: 4096 }, () => {
        this.#server.off('error', reject);
        resolve();
      });
    });
    return (this.#server.address() as AddressInfo).port;
  }

  /** Stops accepting, lets open requests end, and cuts what is left after five seconds. */
  async close(): Promise<void> {
    if (!this.#server.listening) return;
    const cut = setTimeout(() => {
      this.#server.closeAllConnections();
    }, CLOSE_WITHIN_MS);
    await new Promise<void>((resolve) => {
      this.#server.close(() => {
        resolve();
      });
      this.#server.closeIdleConnections();
    });
    clearTimeout(cut);
  }

  #count(socket: Socket): void {
    const client = socket.remoteAddress ?? '';
    const open = (this.#perClient.get(client) ?? 0) + 1;
    this.#perClient.set(client, open);
    if (open > this.#options.maxConnectionsPerClient) this.#refused.add(socket);
    socket.once('close', () => {
      const left = (this.#perClient.get(client) ?? 1) - 1;
      if (left > 0) this.#perClient.set(client, left);
      else this.#perClient.delete(client);
    });
  }
}

function refuse(response: http.ServerResponse): void {
  response.writeHead(429, {
    'Content-Type': 'text/plain; charset=utf-8',
    'Retry-After': '1',
    Connection: 'close',
  });
  response.end('Your IP is issuing too many concurrent connections, please rate limit your calls\n');
}

/**
 * Request and response classes that have express' prototypes from birth.
 *
 * Express otherwise swaps both prototypes on every request, which is nearly all of its cost.
 */
function matchedClasses(app: Express): Pick<http.ServerOptions, 'IncomingMessage' | 'ServerResponse'> {
  class MatchedRequest extends http.IncomingMessage {}
  class MatchedResponse extends http.ServerResponse {}
  Object.setPrototypeOf(MatchedRequest.prototype, app.request);
  Object.setPrototypeOf(MatchedResponse.prototype, app.response);
  app.request = MatchedRequest.prototype as typeof app.request;
  app.response = MatchedResponse.prototype as unknown as typeof app.response;
  return {
    IncomingMessage: MatchedRequest,
    ServerResponse: MatchedResponse as unknown as typeof http.ServerResponse,
  };
}
