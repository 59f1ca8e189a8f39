import { createSocket, type RemoteInfo, type Socket as UdpSocket, type SocketOptions } from 'node:dgram';
import { once } from 'node:events';
import { createServer, isIPv6, type Server, type Socket } from 'node:net';
import type { Clock } from '../../platform/clock.ts';
import type { Logger } from '../../platform/logger.ts';
import type { DnsMetrics } from './metrics.ts';
import { truncatedAnswer, type Respond } from './responder.ts';
import type { ResponseRate } from './response-rate.ts';
import { serveConnection } from './tcp-connection.ts';

export interface DnsServerOptions {
  /** IPv4 or IPv6 address. */
  readonly host: string;
  /** 0 means a free port, the same for UDP and TCP. */
  readonly port: number;
  readonly tcpIdleTimeoutMs: number;
  readonly maxTcpConnections: number;
  /** No limit without it. */
  readonly responseRate: ResponseRate | undefined;
  readonly clock: Clock;
  readonly metrics: DnsMetrics;
  readonly logger: Logger;
}

const MAX_FREE_PORT_ATTEMPTS = 16;
/** Answers beyond this much that the system has not yet taken are dropped; the client will ask again. */
const MAX_UNSENT_UDP_BYTES = 4 * 1024 * 1024;
const DRAIN_MS = 2000;

/** DNS on one port, over UDP and TCP. Errors of a socket are logged and end neither. */
export class DnsServer {
  readonly #options: DnsServerOptions;
  readonly #respond: Respond;
  readonly #onStop: () => void;
  readonly #connections = new Set<Socket>();
  #udp: UdpSocket | undefined;
  #tcp: Server | undefined;

  /** `onStop` ends whatever `respond` has under way. */
  constructor(options: DnsServerOptions, respond: Respond, onStop: () => void) {
    this.#options = options;
    this.#respond = respond;
    this.#onStop = onStop;
  }

  /** Binds both sockets and returns their port; throws the system's error if the port is taken. */
  async start(): Promise<number> {
    const { host, port } = this.#options;
    for (let attempt = 1; ; attempt++) {
      const tcp = this.#createTcp();
      try {
        await listen(tcp, port, host);
        tcp.on('error', (error) => this.#options.logger.warn({ err: error }, 'dns tcp socket failed'));
        const bound = portOf(tcp);
        this.#udp = await this.#bindUdp(bound);
        this.#tcp = tcp;
        return bound;
      } catch (error) {
        tcp.close();
        // A port that is free for TCP may be taken for UDP.
        if (port !== 0 || attempt === MAX_FREE_PORT_ATTEMPTS || !isAddressInUse(error)) throw error;
      }
    }
  }

  /** Closes both sockets; open connections get two seconds to take what was answered. */
  async stop(): Promise<void> {
    const udp = this.#udp;
    const tcp = this.#tcp;
    this.#udp = undefined;
    this.#tcp = undefined;
    udp?.close();
    this.#onStop();
    if (!tcp) return;
    const closed = once(tcp, 'close');
    tcp.close();
    for (const socket of this.#connections) socket.destroySoon();
    const timer = setTimeout(() => {
      for (const socket of this.#connections) socket.destroy();
    }, DRAIN_MS);
    await closed;
    clearTimeout(timer);
  }

  #createTcp(): Server {
    const { tcpIdleTimeoutMs, maxTcpConnections, metrics } = this.#options;
    const tcp = createServer((socket) => {
      const { remoteAddress = '' } = socket;
      this.#connections.add(socket);
      socket.on('close', () => this.#connections.delete(socket));
      serveConnection(socket, (packet) => this.#respond(packet, 'tcp', remoteAddress), tcpIdleTimeoutMs);
    });
    tcp.maxConnections = maxTcpConnections;
    tcp.on('drop', () => metrics.onDropped('overload', 'tcp'));
    return tcp;
  }

  async #bindUdp(port: number): Promise<UdpSocket> {
    const { host, logger } = this.#options;
    const family = isIPv6(host) ? 6 : 4;
    const udp = createSocket({ type: `udp${family}`, lookup: asIs(family) });
    udp.on('message', (packet, from) => this.#answer(udp, packet, from));
    try {
      const listening = once(udp, 'listening');
      udp.bind(port, host);
      await listening;
    } catch (error) {
      udp.close();
      throw error;
    }
    udp.on('error', (error) => logger.warn({ err: error }, 'dns udp socket failed'));
    return udp;
  }

  #answer(udp: UdpSocket, packet: Buffer, from: RemoteInfo): void {
    const { metrics } = this.#options;
    if (udp.getSendQueueSize() > MAX_UNSENT_UDP_BYTES) {
      metrics.onDropped('overload', 'udp');
      return;
    }
    // Nothing can be sent to port 0: only a forged packet comes from there.
    if (from.port === 0) return;
    const answer = this.#respondWithinRate(packet, from.address);
    if (answer instanceof Promise) void answer.then((late) => this.#send(udp, late, from));
    else this.#send(udp, answer, from);
  }

  #respondWithinRate(packet: Buffer, address: string): ReturnType<Respond> {
    const { metrics, responseRate, clock } = this.#options;
    const decision = responseRate?.decide(address, clock.monotonic()) ?? 'answer';
    if (decision === 'answer') return this.#respond(packet, 'udp', address);
    metrics.onDropped('rate', 'udp');
    return decision === 'slip' ? truncatedAnswer(packet) : undefined;
  }

  #send(udp: UdpSocket, answer: Buffer | undefined, to: RemoteInfo): void {
    if (answer && udp === this.#udp) udp.send(answer, to.port, to.address, this.#onSent);
  }

  readonly #onSent = (error: Error | null): void => {
    if (!error) return;
    this.#options.metrics.onDropped('send', 'udp');
    this.#options.logger.debug({ err: error }, 'dns answer not sent');
  };
}

/** The address of an answer is a number already; asking the system's resolver would cost most of the answer's time. */
function asIs(family: number): SocketOptions['lookup'] {
  return (address, _options, found) => {
    found(null, address, family);
  };
}

async function listen(server: Server, port: number, host: string): Promise<void> {
  const listening = once(server, 'listening');
  server.listen(port, host);
  await listening;
}

function portOf(server: Server): number {
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('dns tcp socket has no port');
  return address.port;
}

function isAddressInUse(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'EADDRINUSE';
}
