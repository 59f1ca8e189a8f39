/**
 * The low 64 bits of a product, as high and low half in `into`.
 *
 * Halves are unsigned 32-bit integers. Doubles hold 53 bits, so the lower halves go in pieces of 16.
 */
export function multiply64(
  aHigh: number,
  aLow: number,
  bHigh: number,
  bLow: number,
  into: Uint32Array,
): void {
  const a0 = aLow & 0xffff;
  const a1 = aLow >>> 16;
  const b0 = bLow & 0xffff;
  const b1 = bLow >>> 16;
  const bottom = a0 * b0;
  const middle = a1 * b0 + (bottom >>> 16);
  const other = a0 * b1 + (middle & 0xffff);
  const carried = a1 * b1 + Math.floor(middle / 0x10000) + Math.floor(other / 0x10000);
  into[0] = carried + Math.imul(aHigh, bLow) + Math.imul(aLow, bHigh);
  into[1] = ((other & 0xffff) << 16) | (bottom & 0xffff);
}
