import { Agent, request as httpRequest, type IncomingHttpHeaders } from 'node:http';
import type { Outcome } from '../../support/oracles/operation.ts';
import { monotonicMs } from './history.ts';
import type { RegistryNode } from './registry-node.ts';

const TIMEOUT_MS = 5000;

/** What became of one request; status 0 where there was no answer. */
export interface Reply {
  readonly node: RegistryNode;
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
  readonly startMs: number;
  readonly endMs: number;
  /** False where it surely never reached the node. */
  readonly sent: boolean;
}

/** A client of a registry of several nodes: it stays with one until that fails, and never resends by itself. */
export class FaultClient {
  readonly name: string;
  readonly #nodes: readonly RegistryNode[];
  readonly #agent = new Agent({ keepAlive: true, maxSockets: 64 });
  #at: number;

  constructor(name: string, nodes: readonly RegistryNode[], first = 0) {
    this.name = name;
    this.#nodes = nodes;
    this.#at = first % nodes.length;
  }

  /** The node it would ask now. */
  get node(): RegistryNode {
    const node = this.#nodes[this.#at];
    if (node === undefined) throw new RangeError('a client without nodes');
    return node;
  }

  /** Asks the current node, and turns to the next one for later requests where that fails. Never rejects. */
  async send(method: string, path: string, body?: string, timeoutMs = TIMEOUT_MS): Promise<Reply> {
    const { node } = this;
    const reply = await this.sendTo(node, method, path, body, timeoutMs);
    if ((reply.status === 0 || reply.status >= 500) && this.node === node) this.turn();
    return reply;
  }

  turn(): void {
    this.#at = (this.#at + 1) % this.#nodes.length;
  }

  async sendTo(
    node: RegistryNode,
    method: string,
    path: string,
    body?: string,
    timeoutMs = TIMEOUT_MS,
  ): Promise<Reply> {
    const startMs = monotonicMs();
    const { port } = node;
    const none = { node, status: 0, headers: {}, text: '', startMs };
    if (port === undefined) return { ...none, endMs: monotonicMs(), sent: false };
    return new Promise((resolve) => {
      const length = body === undefined ? 0 : Buffer.byteLength(body);
      const outgoing = httpRequest({
        host: '127.0.0.1',
        port,
        method,
        path,
        agent: this.#agent,
        headers: { 'Content-Length': String(length) },
        signal: AbortSignal.timeout(timeoutMs),
      });
      outgoing.on('error', (error: NodeJS.ErrnoException) => {
        resolve({ ...none, endMs: monotonicMs(), sent: error.code !== 'ECONNREFUSED' });
      });
      outgoing.on('response', (response) => {
        const chunks: Buffer[] = [];
        response.on('data', (chunk: Buffer) => chunks.push(chunk));
        response.on('error', () => resolve({ ...none, endMs: monotonicMs(), sent: true }));
        response.on('end', () =>
          resolve({
            node,
            status: response.statusCode ?? 0,
            headers: response.headers,
            text: Buffer.concat(chunks).toString('utf8'),
            startMs,
            endMs: monotonicMs(),
            sent: true,
          }),
        );
      });
      outgoing.end(body);
    });
  }

  close(): void {
    this.#agent.destroy();
  }
}

/** What a client may conclude about its write from an answer. */
export function outcomeOf({ status, headers, sent }: Reply): Outcome {
  if (status === 200) return 'ok';
  if (status === 0) return sent ? 'unknown' : 'refused';
  return headers['x-rollcall-outcome'] === 'unknown' ? 'unknown' : 'refused';
}

/** The index of a Consul answer; 0 where it has none. */
export function indexOf({ headers }: Reply): number {
  return Number(headers['x-consul-index'] ?? 0);
}
