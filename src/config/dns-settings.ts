import { isIP, isIPv4, isIPv6 } from 'node:net';
import type { SettingSpec } from './setting.ts';

const MAX_SECONDS = 2 ** 31 - 1;
const HOUR_MS = 3_600_000;

/** The settings of DNS besides its port; each that Consul has too is named after Consul's. */
export const DNS_SETTINGS = [
  {
    key: 'dnsServiceTtl',
    type: 'list',
    item: (text: string) => /^[^=\s]+=\d{1,9}$/.test(text),
    expects: 'service=seconds, such as web=30,api-*=5,*=1',
    default: '',
    defaultText: 'none, which means 0',
    description:
      'TTL in seconds by service, such as `web=30,api-*=5,*=1`; the exact name wins, then the longest prefix.',
  },
  {
    key: 'dnsNodeTtl',
    type: 'integer',
    min: 0,
    max: MAX_SECONDS,
    default: '0',
    description: 'TTL in seconds of the DNS records of nodes and addresses.',
  },
  {
    key: 'dnsOnlyPassing',
    type: 'boolean',
    default: 'false',
    description: 'Whether DNS leaves out instances in `warning`, as it does those in `critical`.',
  },
  {
    key: 'dnsARecordLimit',
    type: 'integer',
    min: 0,
    max: 4096,
    default: '0',
    description: 'Most address records of a service in one DNS answer; 0 means any number.',
  },
  {
    key: 'dnsUdpAnswerLimit',
    type: 'integer',
    min: 1,
    max: 8,
    default: '3',
    description: 'Most answers over UDP to a client without EDNS.',
  },
  {
    key: 'dnsEnableTruncate',
    type: 'boolean',
    default: 'false',
    description: 'Whether the TC flag tells that answers were left out.',
  },
  {
    key: 'dnsDisableCompression',
    type: 'boolean',
    default: 'false',
    description: 'Whether DNS writes out every name; a slower path then answers.',
  },
  {
    key: 'dnsNodeMetaTxt',
    type: 'boolean',
    default: 'true',
    description: 'Whether addresses of nodes come with their metadata as TXT records.',
  },
  {
    key: 'dnsSoaRefresh',
    type: 'integer',
    min: 0,
    max: MAX_SECONDS,
    default: '3600',
    description: 'Refresh time of SOA records, in seconds.',
  },
  {
    key: 'dnsSoaRetry',
    type: 'integer',
    min: 0,
    max: MAX_SECONDS,
    default: '600',
    description: 'Retry time of SOA records, in seconds.',
  },
  {
    key: 'dnsSoaExpire',
    type: 'integer',
    min: 0,
    max: MAX_SECONDS,
    default: '86400',
    description: 'Expiry time of SOA records, in seconds.',
  },
  {
    key: 'dnsSoaMinTtl',
    type: 'integer',
    min: 0,
    max: MAX_SECONDS,
    default: '0',
    description: 'How many seconds resolvers may remember that a name or record does not exist.',
  },
  {
    key: 'dnsResponsesPerSecond',
    type: 'integer',
    min: 0,
    max: 10_000_000,
    default: '2000',
    description:
      'Most UDP answers per second to one IPv4 /24 or IPv6 /56, loopback excepted; 0 means any number.',
  },
  {
    key: 'dnsTcpIdleTimeout',
    type: 'duration',
    min: 100,
    max: HOUR_MS,
    default: '10s',
    description: 'How long a DNS connection over TCP stays open without a query.',
  },
  {
    key: 'dnsMaxTcpConnections',
    type: 'integer',
    min: 1,
    max: 1_000_000,
    default: '200',
    description: 'Most DNS connections over TCP; further ones are closed at once.',
  },
  {
    key: 'dnsRecursors',
    type: 'list',
    item: isServer,
    expects: 'IP addresses, each with a port or without',
    default: '',
    defaultText: 'none, which means that names outside the domains are refused',
    description: 'DNS servers that answer for other domains, such as `10.0.0.2,10.0.0.3:5353,[fd00::53]:53`.',
  },
  {
    key: 'dnsRecursorStrategy',
    type: 'enum',
    values: ['sequential', 'random'],
    default: 'sequential',
    description: 'In which order the recursors are asked until one answers.',
  },
  {
    key: 'dnsRecursorTimeout',
    type: 'duration',
    min: 10,
    max: 60_000,
    default: '2s',
    description: 'How long to wait for each recursor.',
  },
  {
    key: 'dnsRecursorClients',
    type: 'list',
    item: isPrefix,
    expects: 'IP addresses and prefixes such as 10.0.0.0/8',
    default: '127.0.0.0/8,::1,10.0.0.0/8,172.16.0.0/12,192.168.0.0/16,fc00::/7,fe80::/10',
    description: 'Who may ask for names of other domains.',
  },
] as const satisfies readonly SettingSpec[];

function isServer(text: string): boolean {
  if (isIP(text) !== 0) return true;
  const [, v6 = '', v4 = '', port] = /^(?:\[([^\]]+)\]|([\d.]+)):(\d{1,5})$/.exec(text) ?? [];
  return (isIPv6(v6) || isIPv4(v4)) && Number(port) >= 1 && Number(port) <= 65_535;
}

function isPrefix(text: string): boolean {
  const [address = '', bits = '0', ...rest] = text.split('/');
  const maxBits = isIPv6(address) ? 128 : 32;
  return isIP(address) !== 0 && /^\d{1,3}$/.test(bits) && Number(bits) <= maxBits && rest.length === 0;
}
