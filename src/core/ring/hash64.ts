/**
 * A 64-bit hash of a string's UTF-8 bytes, each lone surrogate counted as U+FFFD.
 *
 * Writes the high 32 bits to `into[0]` and the low 32 bits to `into[1]`, so that a lookup allocates
 * nothing. The ring calls it with `into` of length 2 and reads the result before it calls again.
 * What a caller passes is XXH64 with seed 0; dialects of other programs derive theirs.
 */
export type Hash64 = (text: string, into: Uint32Array) => void;

/** The hash of `text` as 16 lower-case hex digits, high half first. */
export function hexHash(hash64: Hash64, text: string): string {
  const halves = new Uint32Array(2);
  hash64(text, halves);
  return Array.from(halves, (half) => half.toString(16).padStart(8, '0')).join('');
}

/** Reads what `hexHash` wrote; a `RangeError` for anything but 16 hex digits. */
export function parseHash(hash: string, into: Uint32Array): void {
  if (!/^[0-9a-f]{16}$/i.test(hash)) throw new RangeError(`hash must be 16 hex digits, not "${hash}"`);
  into[0] = Number.parseInt(hash.slice(0, 8), 16);
  into[1] = Number.parseInt(hash.slice(8), 16);
}
