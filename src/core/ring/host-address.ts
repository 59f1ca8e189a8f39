/** An address and its port. */
export interface HostAddress {
  /** 4 or 16 in network order. */
  readonly bytes: Uint8Array;
  readonly port: number;
}

/** Reads `a.b.c.d:port` and `[v6]:port`; undefined for anything else. */
export function parseHostAddress(text: string): HostAddress | undefined {
  const [, v6, v4, port = ''] = /^(?:\[([0-9a-f:.]{2,45})\]|([\d.]{7,15})):(\d{1,5})$/i.exec(text) ?? [];
  const bytes = v6 === undefined ? v4Bytes(v4 ?? '') : v6Bytes(v6);
  if (bytes === undefined || !isDecimal(port, 65_535)) return undefined;
  return { bytes: Uint8Array.from(bytes), port: Number(port) };
}

function v4Bytes(text: string): number[] | undefined {
  const octets = text.split('.');
  return octets.length === 4 && octets.every((octet) => isDecimal(octet, 255))
    ? octets.map(Number)
    : undefined;
}

function v6Bytes(text: string): number[] | undefined {
  const halves = text.split('::').map((half, index, all) => groupBytes(half, index === all.length - 1));
  const [front, back] = halves;
  if (front === undefined || halves.length > 2 || halves.includes(undefined)) return undefined;
  if (back === undefined) return front.length === 16 ? front : undefined;
  const missing = 16 - front.length - back.length;
  // "::" stands for at least one group.
  return missing < 2 ? undefined : [...front, ...new Array<number>(missing).fill(0), ...back];
}

/** Of groups joined by colons; at the end of all there may be an IPv4 address. Undefined for what is none. */
function groupBytes(text: string, isEnd: boolean): number[] | undefined {
  if (text === '') return [];
  const bytes: number[] = [];
  const groups = text.split(':');
  for (const group of groups) {
    const isV4 = isEnd && group.includes('.') && group === groups.at(-1);
    const ofGroup = isV4 ? v4Bytes(group) : hexGroup(group);
    if (ofGroup === undefined) return undefined;
    bytes.push(...ofGroup);
  }
  return bytes;
}

function hexGroup(text: string): number[] | undefined {
  const value = Number.parseInt(text, 16);
  return /^[0-9a-f]{1,4}$/i.test(text) ? [value >> 8, value & 255] : undefined;
}

function isDecimal(text: string, max: number): boolean {
  return /^(?:0|[1-9]\d{0,4})$/.test(text) && Number(text) <= max;
}
