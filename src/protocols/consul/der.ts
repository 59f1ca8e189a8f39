/** Builders of ASN.1 values in DER (ITU-T X.690), as far as a certificate needs them. */
export const der = {
  sequence: (...items: readonly Buffer[]) => tagged(0x30, ...items),
  set: (...items: readonly Buffer[]) => tagged(0x31, ...items),
  boolean: (value: boolean) => tagged(0x01, Buffer.from([value ? 0xff : 0])),
  integer: (value: number) => tagged(0x02, unsigned(value)),
  /** `unusedBits` of the last byte do not count. */
  bits: (bytes: Buffer, unusedBits = 0) => tagged(0x03, Buffer.from([unusedBits]), bytes),
  octets: (...bytes: readonly Buffer[]) => tagged(0x04, ...bytes),
  utf8: (text: string) => tagged(0x0c, Buffer.from(text, 'utf8')),
  time,
  oid,
  /** A value in a context of its own, which holds other values or bytes. */
  context: (tag: number, isConstructed: boolean, ...content: readonly Buffer[]) =>
    tagged(0x80 + tag + (isConstructed ? 0x20 : 0), ...content),
};

function tagged(tag: number, ...content: readonly Buffer[]): Buffer {
  const body = Buffer.concat(content);
  return Buffer.concat([Buffer.from([tag, ...lengthOf(body.length)]), body]);
}

function lengthOf(length: number): number[] {
  if (length < 0x80) return [length];
  const bytes = base256(length);
  return [0x80 + bytes.length, ...bytes];
}

/** A non-negative integer, with a zero in front where it would look negative. */
function unsigned(value: number): Buffer {
  const bytes = base256(value);
  return Buffer.from((bytes[0] ?? 0) >= 0x80 ? [0, ...bytes] : bytes);
}

function base256(value: number): number[] {
  const bytes: number[] = [];
  for (let rest = value; rest > 0 || bytes.length === 0; rest = Math.floor(rest / 256))
    bytes.unshift(rest % 256);
  return bytes;
}

/** RFC 5280, 4.1.2.5: with two digits of the year until 2049. */
function time(date: Date): Buffer {
  const digits = date.toISOString().replace(/[-:T]|\.\d+/g, '');
  return date.getUTCFullYear() < 2050
    ? tagged(0x17, Buffer.from(digits.slice(2)))
    : tagged(0x18, Buffer.from(digits));
}

function oid(dotted: string): Buffer {
  const [first = 0, second = 0, ...rest] = dotted.split('.').map(Number);
  const arcs = [first * 40 + second, ...rest].flatMap((arc) => {
    const bytes = [arc % 128];
    for (let left = Math.floor(arc / 128); left > 0; left = Math.floor(left / 128))
      bytes.unshift((left % 128) + 128);
    return bytes;
  });
  return tagged(0x06, Buffer.from(arcs));
}
