import type { Config } from './config/index.ts';
import type { DnsOptions } from './protocols/dns/index.ts';

/** How the settings have DNS answer. */
export function dnsOptionsOf(config: Config): DnsOptions {
  const options: DnsOptions = {
    host: config.dnsBind ?? config.bind,
    port: config.dnsPort,
    serviceTtls: config.dnsServiceTtl,
    nodeTtlSeconds: config.dnsNodeTtl,
    onlyPassing: config.dnsOnlyPassing,
    aRecordLimit: config.dnsARecordLimit,
    udpAnswerLimit: config.dnsUdpAnswerLimit,
    enableTruncate: config.dnsEnableTruncate,
    disableCompression: config.dnsDisableCompression,
    additionalNodeMeta: config.dnsNodeMetaTxt,
    refreshSeconds: config.dnsSoaRefresh,
    retrySeconds: config.dnsSoaRetry,
    expireSeconds: config.dnsSoaExpire,
    negativeTtlSeconds: config.dnsSoaMinTtl,
    responsesPerSecond: config.dnsResponsesPerSecond,
    tcpIdleTimeoutMs: config.dnsTcpIdleTimeoutMs,
    maxTcpConnections: config.dnsMaxTcpConnections,
  };
  if (config.dnsRecursors.length === 0) return options;
  const recursion = {
    servers: config.dnsRecursors,
    strategy: config.dnsRecursorStrategy,
    timeoutMs: config.dnsRecursorTimeoutMs,
    clients: config.dnsRecursorClients,
  };
  return { ...options, recursion };
}
