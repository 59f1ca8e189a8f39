import { once } from 'node:events';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

/** A TCP proxy on 127.0.0.1 that a test can point elsewhere, cut, freeze, slow down and make lose replies. */
export class TcpProxy {
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  #targetPort: number;
  #frozen = false;
  #losesReplies = false;
  #hangsUp = false;
  #delayMs = 0;

  private constructor(targetPort: number) {
    this.#targetPort = targetPort;
    this.#server = createServer((client) => this.#accept(client));
  }

  static async start(targetPort: number): Promise<TcpProxy> {
    const proxy = new TcpProxy(targetPort);
    proxy.#server.listen(0, '127.0.0.1');
    await once(proxy.#server, 'listening');
    return proxy;
  }

  get port(): number {
    const address = this.#server.address();
    if (address === null || typeof address === 'string') throw new Error('the proxy does not listen');
    return address.port;
  }

  /** Where new connections go; open ones stay. */
  switchTo(targetPort: number): void {
    this.#targetPort = targetPort;
  }

  /** Closes all connections; new ones are accepted. */
  cut(): void {
    for (const socket of this.#sockets) socket.destroy();
  }

  /** No byte passes in either direction over the connections of now, though they stay open; new ones work. */
  strand(): void {
    for (const socket of this.#sockets) socket.pause();
  }

  /** As `strand`, for new connections too, as if the network were gone; until `thaw`. */
  freeze(): void {
    this.#frozen = true;
    this.strand();
  }

  thaw(): void {
    this.#frozen = false;
    for (const socket of this.#sockets) socket.resume();
  }

  /** Whether what the server says is dropped, while what it hears is not. */
  loseReplies(lose: boolean): void {
    this.#losesReplies = lose;
  }

  /** Closes all connections with a reset; new ones are accepted. */
  reset(): void {
    for (const socket of this.#sockets) socket.resetAndDestroy();
  }

  /** Whether new connections are accepted and closed at once, as by a balancer without a back end. */
  hangUp(hangsUp: boolean): void {
    this.#hangsUp = hangsUp;
    if (hangsUp) this.cut();
  }

  /** How much later everything arrives, in either direction; order is kept. */
  delay(ms: number): void {
    this.#delayMs = ms;
  }

  async stop(): Promise<void> {
    this.#server.close();
    this.cut();
    await once(this.#server, 'close');
  }

  #accept(client: Socket): void {
    if (this.#hangsUp) {
      client.on('error', () => undefined);
      client.destroy();
      return;
    }
    const upstream = connect(this.#targetPort, '127.0.0.1');
    for (const [from, to] of [
      [client, upstream],
      [upstream, client],
    ] as const) {
      this.#sockets.add(from);
      const pass = this.#delayed(to);
      from.on('data', (data) => {
        if (from === client || !this.#losesReplies) pass(data);
      });
      from.on('end', () => to.end());
      from.on('error', () => to.destroy());
      from.on('close', () => {
        this.#sockets.delete(from);
        to.destroy();
      });
      if (this.#frozen) from.pause();
    }
  }

  /** Writes to a socket with the delay of the moment, and never one thing before another. */
  #delayed(to: Socket): (data: Buffer) => void {
    let waiting = 0;
    let last: Promise<void> = Promise.resolve();
    return (data) => {
      if (this.#delayMs === 0 && waiting === 0) {
        to.write(data);
        return;
      }
      waiting++;
      const dueMs = performance.now() + this.#delayMs;
      last = last.then(async () => {
        await sleep(Math.max(0, dueMs - performance.now()));
        to.write(data);
        waiting--;
      });
    };
  }
}
