import { systemClock, type Clock } from '../../platform/clock.ts';
import type { Logger } from '../../platform/logger.ts';
import { systemRandom, type Random } from '../../platform/random.ts';
import type { DnsCatalog } from './lookup.ts';
import { NO_METRICS, type DnsMetrics } from './metrics.ts';
import { createResponder } from './responder.ts';
import { DnsServer } from './server.ts';

export type { DnsCatalog, DnsInstance, DnsNode } from './lookup.ts';
export { createDnsCatalog } from './registry-catalog.ts';
export type { DnsServer } from './server.ts';

export interface DnsOptions extends Partial<DnsMetrics> {
  /** IPv4 or IPv6 address; default 127.0.0.1. */
  readonly host?: string;
  /** Default 8600; 0 means a free port, the same for UDP and TCP. */
  readonly port?: number;
  /** TTL of service records; default 0, which no resolver caches. */
  readonly serviceTtlSeconds?: number;
  /** TTL of node and address records; default 0. */
  readonly nodeTtlSeconds?: number;
  /** Leave out instances in `warning` too; default false. */
  readonly onlyPassing?: boolean;
  /** The most answers over UDP without EDNS, 1 to 8; default 3. */
  readonly udpAnswerLimit?: number;
  /** Tell by the TC flag that answers were left out; default false. */
  readonly enableTruncate?: boolean;
  /** A TCP connection without a query for so long ends; default 10 s. */
  readonly tcpIdleTimeoutMs?: number;
  /** Default 200; further ones are closed at once. */
  readonly maxTcpConnections?: number;
  readonly random?: Random;
  readonly clock?: Clock;
}

/** Builds an authoritative server for `consul.` and `rollcall.` over a catalog; `start()` opens its sockets. */
export function createDnsServer(options: DnsOptions, catalog: DnsCatalog, parentLogger: Logger): DnsServer {
  const logger = parentLogger.child({ component: 'dns' });
  const { onAnswered, onDropped } = { ...NO_METRICS, ...options };
  const metrics = { onAnswered, onDropped };
  const respond = createResponder({
    catalog,
    policy: {
      serviceTtlSeconds: options.serviceTtlSeconds ?? 0,
      nodeTtlSeconds: options.nodeTtlSeconds ?? 0,
      onlyPassing: options.onlyPassing ?? false,
    },
    random: options.random ?? systemRandom,
    clock: options.clock ?? systemClock,
    udpAnswerLimit: options.udpAnswerLimit ?? 3,
    enableTruncate: options.enableTruncate ?? false,
    metrics,
    logger,
  });
  const { host = '127.0.0.1', port = 8600, tcpIdleTimeoutMs = 10_000, maxTcpConnections = 200 } = options;
  return new DnsServer({ host, port, tcpIdleTimeoutMs, maxTcpConnections, metrics, logger }, respond);
}
