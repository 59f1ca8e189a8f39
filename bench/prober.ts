import { Agent } from 'node:http';
import { send, type BenchRequest } from './http-request.ts';

const MAX_OPEN = 64;

/** Sends one kind of request at a steady pace and notes how long each answer took. */
export class Prober {
  readonly #agent = new Agent({ keepAlive: true, maxSockets: MAX_OPEN });
  readonly #delays: number[] = [];
  readonly #open = new Set<Promise<void>>();
  readonly #timer: NodeJS.Timeout;
  #failure: unknown;

  private constructor(port: number, request: BenchRequest, perSecond: number) {
    let n = 0;
    this.#timer = setInterval(() => {
      if (this.#open.size >= MAX_OPEN) return;
      const sentAt = performance.now();
      const sending = send(port, request, n++, this.#agent)
        .then(() => void this.#delays.push(performance.now() - sentAt))
        .catch((error: unknown) => (this.#failure = error))
        .finally(() => this.#open.delete(sending)) as Promise<void>;
      this.#open.add(sending);
    }, 1000 / perSecond);
  }

  static start(port: number, request: BenchRequest, perSecond: number): Prober {
    return new Prober(port, request, perSecond);
  }

  /** The delays so far, in ms. Throws where a request has failed. */
  async stop(): Promise<readonly number[]> {
    clearInterval(this.#timer);
    await Promise.all(this.#open);
    this.#agent.destroy();
    if (this.#failure !== undefined) throw new Error('a lookup failed', { cause: this.#failure });
    return this.#delays;
  }
}
