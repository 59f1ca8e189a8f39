import http from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import type { Express } from 'express';
import { BrowserGuard } from './browser-guard.ts';

interface HttpServerOptions {
  /** Answers a request ahead of the app, where it can; whether it does. */
  readonly answer?: (request: http.IncomingMessage, response: http.ServerResponse) => boolean;
  readonly host: string;
  /** 0 takes any free port. */
  readonly port: number;
  /** Open connections one client address may have; the next one's requests are answered 429. */
  readonly maxConnectionsPerClient: number;
  /** Names of this server that browsers may call it by, besides addresses and names without a dot; default none. */
  readonly hosts?: readonly string[];
}

const CLOSE_WITHIN_MS = 5000;

/** The HTTP server of an express app, with bounds on headers, time and connections. */
export class HttpServer {
  readonly #server: http.Server;
  readonly #perClient = new Map<string, number>();
  readonly #refused = new WeakSet<Socket>();
  readonly #options: HttpServerOptions;

  constructor(app: Express, options: HttpServerOptions) {
    const { answer = () => false, host, hosts = [] } = options;
    const guard = new BrowserGuard({
      isLoopback: /^(127\.|::1$)/.test(host),
      hosts: hosts.map((name) => name.toLowerCase()),
    });
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
        if (this.#refused.has(request.socket)) refuse(response, TOO_MANY);
        else if (guard.refuses(request)) refuse(response, FOREIGN);
        else if (!answer(request, response)) app(request, response);
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

interface Refusal {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly text: string;
}

const TOO_MANY: Refusal = {
  status: 429,
  headers: { 'Retry-After': '1' },
  text: 'Your IP is issuing too many concurrent connections, please rate limit your calls',
};

const FOREIGN: Refusal = {
  status: 403,
  headers: {},
  text: 'Web pages of elsewhere may not use the registry; see httpHosts in the configuration for other names of it',
};

function refuse(response: http.ServerResponse, { status, headers, text }: Refusal): void {
  response.writeHead(status, {
    'Content-Type': 'text/plain; charset=utf-8',
    ...headers,
    Connection: 'close',
  });
  response.end(`${text}\n`);
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
