import type { Hash64 } from './hash64.ts';
import { multiply64 } from './int64.ts';
import { utf8Bytes } from './utf8.ts';

const FACTOR_HIGH = 0xc6a4a793;
const FACTOR_LOW = 0x5bd1e995;
const SEED_LOW = 0xc70f6907;

/** MurmurHash2, 64 bits, as libstdc++'s `std::hash` and Envoy's `MURMUR_HASH_2` have it, seed included. */
export const murmur2: Hash64 = (text, into) => {
  const bytes = utf8Bytes(text);
  const word = new Uint32Array(2);
  multiply64(0, bytes.length, FACTOR_HIGH, FACTOR_LOW, into);
  into[1] = (into[1] ?? 0) ^ SEED_LOW;
  let index = 0;
  for (; index + 8 <= bytes.length; index += 8) {
    readWord(bytes, index, 8, word);
    multiply(word);
    shiftMix(word);
    multiply(word);
    absorb(into, word);
  }
  if (index < bytes.length) {
    readWord(bytes, index, bytes.length - index, word);
    absorb(into, word);
  }
  shiftMix(into);
  multiply(into);
  shiftMix(into);
};

/** `count` bytes, little-endian, as a 64-bit word. */
function readWord(bytes: Uint8Array, from: number, count: number, into: Uint32Array): void {
  into.fill(0);
  for (let i = 0; i < count; i++) {
    const half = i < 4 ? 1 : 0;
    into[half] = (into[half] ?? 0) | ((bytes[from + i] ?? 0) << (8 * (i & 3)));
  }
}

function absorb(hash: Uint32Array, word: Uint32Array): void {
  hash[0] = (hash[0] ?? 0) ^ (word[0] ?? 0);
  hash[1] = (hash[1] ?? 0) ^ (word[1] ?? 0);
  multiply(hash);
}

function multiply(value: Uint32Array): void {
  multiply64(value[0] ?? 0, value[1] ?? 0, FACTOR_HIGH, FACTOR_LOW, value);
}

/** `value ^= value >> 47`. */
function shiftMix(value: Uint32Array): void {
  value[1] = (value[1] ?? 0) ^ ((value[0] ?? 0) >>> 15);
}
