/** The UTF-8 bytes of a text, each lone surrogate as U+FFFD. */
export function utf8Bytes(text: string): Uint8Array {
  const bytes = new Uint8Array(text.length * 3);
  let length = 0;
  for (let index = 0; index < text.length; index++) {
    const point = text.codePointAt(index) ?? 0;
    if (point > 0xffff) index++;
    length = writeCodePoint(bytes, length, point >= 0xd800 && point <= 0xdfff ? 0xfffd : point);
  }
  return bytes.subarray(0, length);
}

/** Writes one code point at `at` and answers where the next one goes. */
function writeCodePoint(bytes: Uint8Array, at: number, point: number): number {
  if (point < 0x80) {
    bytes[at] = point;
    return at + 1;
  }
  const following = point < 0x800 ? 1 : point < 0x10000 ? 2 : 3;
  bytes[at] = (0xff00 >> (following + 1)) | (point >> (6 * following));
  for (let left = following; left > 0; left--) {
    bytes[at + following - left + 1] = 0x80 | ((point >> (6 * (left - 1))) & 0x3f);
  }
  return at + following + 1;
}
