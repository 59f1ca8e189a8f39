import xxhash from 'xxhash-wasm';

/**
 * XXH64 of a string's UTF-8 bytes, each lone surrogate counted as U+FFFD.
 *
 * Writes the high 32 bits to `into[0]` and the low 32 bits to `into[1]`.
 */
export type Xxhash64 = (text: string, into: Uint32Array) => void;

/** Compiles the WebAssembly module; takes a few ms, once per process. `seed` defaults to 0. */
export async function loadXxhash64(seed = 0n): Promise<Xxhash64> {
  const api = await xxhash();
  const hash = new BigUint64Array(1);
  const halves = new Uint32Array(hash.buffer);
  const low = new Uint8Array(new Uint32Array([1]).buffer)[0] === 1 ? 0 : 1;
  return (text, into) => {
    hash[0] = api.h64(text, seed);
    into[0] = halves[1 - low] ?? 0;
    into[1] = halves[low] ?? 0;
  };
}
