import type { Hash64 } from './hash64.ts';

/** The hashes of `prefix + 0`, `prefix + 1` and so on, numbers in decimal, as positions on the circle. */
export function numberedPoints(prefix: string, count: number, hash64: Hash64): Uint32Array {
  const positions = new Uint32Array(2 * count);
  const halves = new Uint32Array(2);
  for (let number = 0; number < count; number++) {
    hash64(prefix + String(number), halves);
    positions.set(halves, 2 * number);
  }
  return positions;
}
