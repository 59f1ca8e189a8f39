/**
 * A domain name in wire form (RFC 1035, 3.1) without the closing zero byte: length, label, length, label.
 *
 * One char is one byte, so that names concatenate, slice and compare as strings. '' is the root.
 */
export type WireName = string;

const MAX_LABEL_BYTES = 63;
/** 255 less the closing zero byte. */
const MAX_NAME_BYTES = 254;
const POINTER_BITS = 0xc0;
const NON_ASCII = /[\u0080-\uffff]/;

export interface ReadName {
  readonly name: WireName;
  /** Offset of the first byte after the name in its packet. */
  readonly end: number;
}

/**
 * Reads the name at `start`, following compression pointers; `undefined` if there is no valid name.
 *
 * Each pointer must lead to before everything read so far, which no loop can do.
 */
export function readName(packet: Buffer, start: number): ReadName | undefined {
  let name: WireName = '';
  let end: number | undefined;
  let floor = start;
  let at = start;
  for (;;) {
    const length = packet[at];
    if (length === undefined) return undefined;
    if (length === 0) return { name, end: end ?? at + 1 };
    if ((length & POINTER_BITS) === POINTER_BITS) {
      const low = packet[at + 1];
      if (low === undefined) return undefined;
      const target = ((length & ~POINTER_BITS) << 8) | low;
      if (target >= floor) return undefined;
      end ??= at + 2;
      floor = target;
      at = target;
      continue;
    }
    const next = at + 1 + length;
    if (length > MAX_LABEL_BYTES) return undefined;
    if (name.length + 1 + length > MAX_NAME_BYTES) return undefined;
    name += packet.toString('latin1', at, next);
    at = next;
  }
}

/** The wire form of dotted text, with or without the last dot; `undefined` where DNS cannot carry it. */
export function nameFromText(text: string): WireName | undefined {
  const dotted = text.endsWith('.') ? text.slice(0, -1) : text;
  let name: WireName = '';
  for (const label of dotted.split('.')) {
    const bytes = NON_ASCII.test(label) ? Buffer.from(label, 'utf8').toString('latin1') : label;
    if (bytes.length === 0 || bytes.length > MAX_LABEL_BYTES) return undefined;
    name += String.fromCharCode(bytes.length) + bytes;
  }
  return name.length > MAX_NAME_BYTES ? undefined : name;
}

/** The labels from left to right as text, in lower case. */
export function lowerLabels(name: WireName): string[] {
  const labels: string[] = [];
  for (let at = 0; at < name.length;) {
    const next = at + 1 + name.charCodeAt(at);
    const label = name.slice(at + 1, next);
    labels.push(
      (NON_ASCII.test(label) ? Buffer.from(label, 'latin1').toString('utf8') : label).toLowerCase(),
    );
    at = next;
  }
  return labels;
}

/** Whether both are the same name; ASCII case does not count (RFC 4343). */
export function isSameName(one: WireName, other: WireName): boolean {
  return one.length === other.length && lowerAscii(one) === lowerAscii(other);
}

function lowerAscii(name: WireName): string {
  return name.replace(/[A-Z]/g, (letter) => letter.toLowerCase());
}
