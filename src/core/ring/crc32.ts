const TABLE = Uint32Array.from({ length: 256 }, (_, byte) => {
  let value = byte;
  for (let bit = 0; bit < 8; bit++) value = (value & 1) === 1 ? (value >>> 1) ^ 0xedb88320 : value >>> 1;
  return value;
});

/** What a CRC-32 starts from. */
export const CRC32_START = 0xffffffff;

/** CRC-32 (IEEE 802.3, reflected) over more bytes; the state is final once all its bits are inverted. */
export function crc32Update(state: number, bytes: Iterable<number>): number {
  let next = state;
  for (const byte of bytes) next = (TABLE[(next ^ byte) & 0xff] ?? 0) ^ (next >>> 8);
  return next >>> 0;
}

export function crc32(bytes: Iterable<number>): number {
  return ~crc32Update(CRC32_START, bytes) >>> 0;
}
