const IPV4_LABELS = 4;
const IPV6_LABELS = 32;

/**
 * The address that the labels before `arpa` spell from its end (RFC 1035, 3.5; RFC 3596, 2.5).
 *
 * `undefined` for anything else below `in-addr` and `ip6`, as for a part of an address; `null` outside of both.
 */
export function parseReverseLabels(labels: readonly string[]): Uint8Array | undefined | null {
  const parts = labels.slice(0, -1).reverse();
  switch (labels.at(-1)) {
    case 'in-addr':
      return parts.length === IPV4_LABELS && parts.every(isOctet)
        ? Uint8Array.from(parts, Number)
        : undefined;
    case 'ip6':
      return parts.length === IPV6_LABELS && parts.every((part) => /^[0-9a-f]$/.test(part))
        ? Buffer.from(parts.join(''), 'hex')
        : undefined;
    default:
      return null;
  }
}

function isOctet(text: string): boolean {
  return /^(?:0|[1-9]\d{0,2})$/.test(text) && Number(text) <= 255;
}
