import type { Hash64 } from './hash64.ts';
import { HASH_UNITS, type Pace, type Steps } from './steps.ts';

/** The hashes of `prefix + 0`, `prefix + 1` and so on, numbers in decimal, as positions on the circle. */
export function* numberedPoints(
  prefix: string,
  count: number,
  hash64: Hash64,
  pace: Pace,
): Steps<Uint32Array> {
  const positions = new Uint32Array(2 * count);
  const halves = new Uint32Array(2);
  for (let number = 0; number < count; number++) {
    hash64(prefix + String(number), halves);
    positions[2 * number] = halves[0] ?? 0;
    positions[2 * number + 1] = halves[1] ?? 0;
    if (pace.isDue(HASH_UNITS)) yield;
  }
  return positions;
}

/** Points of 32 bits as positions on the circle: their high halves. */
export function* positions32(
  count: number,
  pointOf: (index: number) => number,
  pace: Pace,
): Steps<Uint32Array> {
  const positions = new Uint32Array(2 * count);
  for (let index = 0; index < count; index++) {
    positions[2 * index] = pointOf(index);
    if (pace.isDue(HASH_UNITS)) yield;
  }
  return positions;
}
