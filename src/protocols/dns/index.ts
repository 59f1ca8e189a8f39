import { systemClock, type Clock } from '../../platform/clock.ts';
import type { Logger } from '../../platform/logger.ts';
import { systemRandom, type Random } from '../../platform/random.ts';
import type { DnsCatalog } from './lookup.ts';
import { NO_METRICS, type DnsMetrics } from './metrics.ts';
import { Recursor, type RecursorOptions } from './recursor.ts';
import type { AnswerPolicy, SoaTimes } from './reply.ts';
import { createResponder } from './responder.ts';
import { ResponseRate } from './response-rate.ts';
import { DnsServer } from './server.ts';
import { serviceTtls } from './ttl-rules.ts';

export type { DnsCatalog, DnsInstance, DnsNode, DnsQueryResult } from './lookup.ts';
export { createDnsCatalog } from './registry-catalog.ts';
export type { DnsServer } from './server.ts';

export interface DnsOptions extends Partial<DnsMetrics>, Partial<SoaTimes> {
  /** IPv4 or IPv6 address; default 127.0.0.1. */
  readonly host?: string;
  /** Default 8600; 0 means a free port, the same for UDP and TCP. */
  readonly port?: number;
  /** TTLs in seconds by service, such as `web=30`, `api-*=5` and `*=1`; 0, which no resolver caches, without a rule. */
  readonly serviceTtls?: readonly string[];
  /** TTL of node and address records; default 0. */
  readonly nodeTtlSeconds?: number;
  /** Leave out instances in `warning` too; default false. */
  readonly onlyPassing?: boolean;
  /** The most address records of a service in one answer; default 0, which means any number. */
  readonly aRecordLimit?: number;
  /** Send the metadata of nodes as TXT records with their addresses; default true. */
  readonly additionalNodeMeta?: boolean;
  /** The most answers over UDP without EDNS, 1 to 8; default 3. */
  readonly udpAnswerLimit?: number;
  /** Tell by the TC flag that answers were left out; default false. */
  readonly enableTruncate?: boolean;
  /** Write out every name; default false. */
  readonly disableCompression?: boolean;
  /** UDP answers per second to one prefix; default 0, which means any number. */
  readonly responsesPerSecond?: number;
  /** Default: no recursion. */
  readonly recursion?: RecursorOptions;
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
  const { random = systemRandom, clock = systemClock, responsesPerSecond = 0 } = options;
  const { host = '127.0.0.1', port = 8600, tcpIdleTimeoutMs = 10_000, maxTcpConnections = 200 } = options;
  const recursor = options.recursion && new Recursor(options.recursion, random);
  const respond = createResponder({
    catalog,
    policy: policyOf(options),
    random,
    clock,
    udpAnswerLimit: options.udpAnswerLimit ?? 3,
    enableTruncate: options.enableTruncate ?? false,
    compress: !(options.disableCompression ?? false),
    recursor,
    metrics,
    logger,
  });
  const responseRate = responsesPerSecond > 0 ? new ResponseRate(responsesPerSecond) : undefined;
  const limits = { tcpIdleTimeoutMs, maxTcpConnections, responseRate };
  return new DnsServer({ host, port, ...limits, clock, metrics, logger }, respond, () => recursor?.stop());
}

function policyOf(options: DnsOptions): AnswerPolicy {
  return {
    serviceTtlSeconds: serviceTtls(options.serviceTtls ?? []),
    nodeTtlSeconds: options.nodeTtlSeconds ?? 0,
    onlyPassing: options.onlyPassing ?? false,
    aRecordLimit: options.aRecordLimit ?? 0,
    additionalNodeMeta: options.additionalNodeMeta ?? true,
    soa: {
      refreshSeconds: options.refreshSeconds ?? 3600,
      retrySeconds: options.retrySeconds ?? 600,
      expireSeconds: options.expireSeconds ?? 86_400,
      negativeTtlSeconds: options.negativeTtlSeconds ?? 0,
    },
  };
}
