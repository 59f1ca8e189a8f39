import { isIPv4, isIPv6 } from 'node:net';

/**
 * The bytes of an IP literal: 4 or 16; `undefined` if the text is none, as with a host name or a zone.
 *
 * IPv4-mapped IPv6 counts as IPv4.
 */
export function parseAddress(text: string): Uint8Array | undefined {
  if (isIPv4(text)) return parseIpv4(text);
  if (!isIPv6(text) || text.includes('%')) return undefined;
  const bytes = parseIpv6(text);
  return isMappedIpv4(bytes) ? bytes.subarray(12) : bytes;
}

/** The label under `addr` that stands for an address: 8 or 32 lower-case hex digits. */
export function addressLabel(address: Uint8Array): string {
  return Buffer.from(address).toString('hex');
}

/** The address that such a label stands for. */
export function parseAddressLabel(label: string): Uint8Array | undefined {
  return /^(?:[0-9a-f]{8}|[0-9a-f]{32})$/.test(label) ? Buffer.from(label, 'hex') : undefined;
}

/** The text of an address of family 1 (IPv4) or 2 (IPv6) whose last bytes may be missing, as in a client subnet. */
export function addressText(family: number, bytes: Uint8Array): string {
  if (family === 1) return [0, 1, 2, 3].map((at) => bytes[at] ?? 0).join('.');
  const group = (at: number) => (((bytes[at] ?? 0) << 8) | (bytes[at + 1] ?? 0)).toString(16);
  return [0, 2, 4, 6, 8, 10, 12, 14].map(group).join(':');
}

function parseIpv4(text: string): Uint8Array {
  return Uint8Array.from(text.split('.'), Number);
}

/** `text` is known to be valid, so at most one '::' is in it and it stands for at least one group. */
function parseIpv6(text: string): Uint8Array {
  const [head = '', tail] = text.split('::');
  const front = groupBytes(head);
  const back = groupBytes(tail ?? '');
  const bytes = new Uint8Array(16);
  bytes.set(front);
  bytes.set(back, 16 - back.length);
  return bytes;
}

function groupBytes(groups: string): number[] {
  if (groups === '') return [];
  return groups.split(':').flatMap((group) => {
    if (group.includes('.')) return [...parseIpv4(group)];
    const value = Number.parseInt(group, 16);
    return [value >> 8, value & 0xff];
  });
}

function isMappedIpv4(bytes: Uint8Array): boolean {
  return bytes.every((byte, at) => at >= 12 || byte === (at < 10 ? 0 : 0xff));
}
