import { once } from 'node:events';
import { createServer, request as httpRequest, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** A request that passed, and what answered it. */
export interface RecordedExchange {
  readonly method: string;
  /** With its query. */
  readonly path: string;
  readonly headers: IncomingMessage['headers'];
  readonly status: number;
}

/** An HTTP proxy on 127.0.0.1 that passes everything on and writes down what a client asks for. */
export class HttpRecorder {
  readonly exchanges: RecordedExchange[] = [];
  readonly #server = createServer((request, response) => this.#pass(request, response));
  readonly #targetPort: number;

  private constructor(targetPort: number) {
    this.#targetPort = targetPort;
  }

  static async start(targetPort: number): Promise<HttpRecorder> {
    const recorder = new HttpRecorder(targetPort);
    recorder.#server.listen(0, '127.0.0.1');
    await once(recorder.#server, 'listening');
    return recorder;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  /** How many requests of a method had a path that matches, query included, and were answered so. */
  count(method: string, path: RegExp, status = 200): number {
    return this.exchanges.filter(
      (each) => each.method === method && path.test(each.path) && each.status === status,
    ).length;
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections();
    this.#server.close();
    await once(this.#server, 'close');
  }

  #pass(request: IncomingMessage, response: ServerResponse): void {
    const { method = '', url: path = '', headers } = request;
    const outgoing = httpRequest({
      host: '127.0.0.1',
      port: this.#targetPort,
      method,
      path,
      headers,
      agent: false,
    });
    outgoing.on('response', (answer) => {
      const status = answer.statusCode ?? 0;
      this.exchanges.push({ method, path, headers, status });
      response.writeHead(status, answer.headers);
      answer.pipe(response);
    });
    outgoing.on('error', () => response.destroy());
    request.on('error', () => outgoing.destroy());
    request.pipe(outgoing);
  }
}
