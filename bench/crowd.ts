import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { within } from './programs.ts';

const OPEN_AT_ONCE = 200;
const OPENED_WITHIN_MS = 120_000;
const TOLD_WITHIN_MS = 60_000;

/** Many readers of one server, each a connection with one request on it. */
export class Crowd {
  readonly #sockets: Socket[] = [];
  readonly #request: string;
  #awaited: Buffer = Buffer.alloc(0);
  #missing = new Set<Socket>();
  #settle: (() => void) | undefined;
  #failure: Error | undefined;

  private constructor(request: string) {
    this.#request = request;
  }

  /** Opens that many readers; each sends the request, whose bytes are given. */
  static async open(port: number, count: number, request: string): Promise<Crowd> {
    const crowd = new Crowd(request);
    while (crowd.#sockets.length < count) {
      const missing = Math.min(OPEN_AT_ONCE, count - crowd.#sockets.length);
      await within(OPENED_WITHIN_MS, Promise.all(Array.from({ length: missing }, () => crowd.#add(port))));
    }
    return crowd;
  }

  /** Resolves once every reader was sent that text after this call, with the time at which the last one had it. */
  async told(text: string): Promise<number> {
    this.#awaited = Buffer.from(text);
    this.#missing = new Set(this.#sockets);
    await within(TOLD_WITHIN_MS, new Promise<void>((resolve) => (this.#settle = resolve)));
    if (this.#failure !== undefined) throw this.#failure;
    return performance.now();
  }

  /** Sends another request for every reader. */
  ask(request: string): void {
    for (const socket of this.#sockets) socket.write(request);
  }

  close(): void {
    for (const socket of this.#sockets) socket.removeAllListeners('close').destroy();
  }

  async #add(port: number): Promise<void> {
    const socket = connect(port, '127.0.0.1');
    await once(socket, 'connect');
    let tail: Buffer = Buffer.alloc(0);
    socket.on('data', (chunk: Buffer) => {
      if (!this.#missing.has(socket)) return;
      const seen = tail.length === 0 ? chunk : Buffer.concat([tail, chunk]);
      tail = chunk.subarray(-this.#awaited.length);
      if (!seen.includes(this.#awaited)) return;
      tail = Buffer.alloc(0);
      this.#missing.delete(socket);
      if (this.#missing.size === 0) this.#settle?.();
    });
    const fail = () => {
      this.#failure ??= new Error('a reader was cut off');
      this.#settle?.();
    };
    socket.on('error', fail);
    socket.on('close', fail);
    this.#sockets.push(socket);
    socket.write(this.#request);
  }
}
