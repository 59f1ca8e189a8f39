const P1 = 0x9e3779b1;
const P2 = 0x85ebca77;
const P3 = 0xc2b2ae3d;
const P4 = 0x27d4eb2f;
const P5 = 0x165667b1;

/** XXH32. Source: Collet, doc/xxhash_spec.md of xxHash. */
export function xxh32(bytes: Uint8Array, seed: number): number {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  let at = 0;
  let hash = (seed + P5) | 0;
  if (bytes.length >= 16) {
    const sums = [seed + P1 + P2, seed + P2, seed, seed - P1];
    for (; at + 16 <= bytes.length; at += 16) {
      sums.forEach((sum, lane) => {
        const mixed = sum + Math.imul(view.getUint32(at + 4 * lane, true), P2);
        sums[lane] = Math.imul(rotateLeft(mixed, 13), P1);
      });
    }
    hash = [1, 7, 12, 18].reduce((total, turn, lane) => (total + rotateLeft(sums[lane] ?? 0, turn)) | 0, 0);
  }
  hash = (hash + bytes.length) | 0;
  for (; at + 4 <= bytes.length; at += 4) {
    hash = Math.imul(rotateLeft(hash + Math.imul(view.getUint32(at, true), P3), 17), P4);
  }
  for (; at < bytes.length; at++) hash = Math.imul(rotateLeft(hash + Math.imul(bytes[at] ?? 0, P5), 11), P1);
  hash = Math.imul(hash ^ (hash >>> 15), P2);
  hash = Math.imul(hash ^ (hash >>> 13), P3);
  return (hash ^ (hash >>> 16)) >>> 0;
}

function rotateLeft(value: number, bits: number): number {
  return (value << bits) | (value >>> (32 - bits));
}
