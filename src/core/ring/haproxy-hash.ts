import { crc32 } from './crc32.ts';

/** HAProxy's hash functions of keys, all of 32 bits. */
export const HAPROXY_HASHES = { sdbm, djb2, wt6, crc32 };

/** Bob Jenkins's integer hash of six shifts, then a multiplication; HAProxy's `avalanche`. */
export function fullHash(value: number): number {
  let a = value | 0;
  a = (a + 0x7ed55d16 + (a << 12)) | 0;
  a = a ^ 0xc761c23c ^ (a >>> 19);
  a = (a + 0x165667b1 + (a << 5)) | 0;
  a = ((a + 0xd3a2646c) ^ (a << 9)) | 0;
  a = (a + 0xfd7046c5 + (a << 3)) | 0;
  a = a ^ 0xb55a4f09 ^ (a >>> 16);
  return Math.imul(a, 3221225473) >>> 0;
}

function sdbm(bytes: Uint8Array): number {
  return bytes.reduce((hash, byte) => (byte + (hash << 6) + (hash << 16) - hash) >>> 0, 0);
}

function djb2(bytes: Uint8Array): number {
  return bytes.reduce((hash, byte) => ((hash << 5) + hash + byte) >>> 0, 5381);
}

/** Wang and Tarreau's; two lanes, turned by as many bits as the ones before say. */
function wt6(bytes: Uint8Array): number {
  let [one, other] = [0xa53c965a, 0x5ca6953a];
  let [turn, otherTurn] = [6, 18];
  for (const byte of bytes) {
    one = ~(one ^ byte);
    other = ~(other + byte);
    const next = rotateLeft(other, turn);
    other = rotateLeft(one, otherTurn);
    one = next;
    const mixed = ((one >>> 16) ^ other) & 0xffff;
    turn = mixed & 0x1f;
    otherTurn = mixed >>> 11;
  }
  return (one ^ other) >>> 0;
}

function rotateLeft(value: number, bits: number): number {
  return (value << bits) | (value >>> (32 - bits));
}
