import type { Hash64 } from './hash64.ts';
import { utf8Bytes } from './utf8.ts';

const P1_HIGH = 0x9e3779b1;
const P1_LOW = 0x85ebca87;
const P2_HIGH = 0xc2b2ae3d;
const P2_LOW = 0x27d4eb4f;
const P3_HIGH = 0x165667b1;
const P3_LOW = 0x9e3779f9;
const P4_HIGH = 0x85ebca77;
const P4_LOW = 0xc2b2ae63;
const P5_HIGH = 0x27d4eb2f;
const P5_LOW = 0x165667c5;

/** High half of each byte's product with the fifth prime. */
const P5_TIMES_HIGH = Int32Array.from({ length: 256 }, (_, byte) => mulHigh64(0, byte, P5_HIGH, P5_LOW));
/** Kept between calls, so that a key of usual length allocates nothing. */
const SCRATCH = new Int32Array(1024);

/** XXH64, seed 0. Source: Collet, "xxHash fast digest algorithm", doc/xxhash_spec.md of xxHash. */
export const xxh64: Hash64 = (text, into) => {
  hashText(text, 0, into);
};

/** XXH64, seed 1. */
export const xxh64Seed1: Hash64 = (text, into) => {
  hashText(text, 1, into);
};

/** XXH64, seed 0, of ASCII text that comes in pieces. */
export class Xxh64OfAscii {
  private readonly sums = startOfStripes(0);
  private length = 0;
  /** What does not fill a stripe yet. */
  private rest = '';

  add(text: string): void {
    const whole = this.rest + text;
    const end = whole.length & ~31;
    const words = new Int32Array((end >> 2) + 1);
    if (!packAscii(whole.slice(0, end), words)) throw new RangeError('not ASCII');
    addStripes(this.sums, words, end);
    this.length += text.length;
    this.rest = whole.slice(end);
  }

  /** As 16 hex digits. */
  hex(): string {
    const into = new Uint32Array(2);
    if (this.length < 32) into.set([P5_HIGH, P5_LOW]);
    else mixStripes(this.sums, into);
    const words = new Int32Array(9);
    packAscii(this.rest, words);
    hashRest(words, 0, this.rest.length, this.length, into);
    return Array.from(into, (half) => half.toString(16).padStart(8, '0')).join('');
  }
}

function hashText(text: string, seed: number, into: Uint32Array): void {
  const room = text.length < 4 * SCRATCH.length - 4 ? SCRATCH : new Int32Array((text.length >> 2) + 1);
  if (packAscii(text, room)) {
    hashWords(room, text.length, seed, into);
    return;
  }
  const bytes = utf8Bytes(text);
  hashWords(packBytes(bytes), bytes.length, seed, into);
}

/** Writes the text's bytes as little-endian words, the last one filled up with 0; answers false if it is not ASCII. */
function packAscii(text: string, words: Int32Array): boolean {
  const { length } = text;
  const whole = length & ~3;
  let all = 0;
  let index = 0;
  for (; index < whole; index += 4) {
    const a = text.charCodeAt(index);
    const b = text.charCodeAt(index + 1);
    const c = text.charCodeAt(index + 2);
    const d = text.charCodeAt(index + 3);
    all |= a | b | c | d;
    words[index >> 2] = a | (b << 8) | (c << 16) | (d << 24);
  }
  let rest = 0;
  for (let shift = 0; index < length; index++, shift += 8) {
    const unit = text.charCodeAt(index);
    all |= unit;
    rest |= unit << shift;
  }
  words[whole >> 2] = rest;
  return all < 0x80;
}

function packBytes(bytes: Uint8Array): Int32Array {
  const words = new Int32Array((bytes.length >> 2) + 1);
  for (let index = 0; index < bytes.length; index++) {
    words[index >> 2] = (words[index >> 2] ?? 0) | ((bytes[index] ?? 0) << (8 * (index & 3)));
  }
  return words;
}

/** `words` hold `length` bytes; halves of 64-bit numbers are in `h` (high) and `l` (low). */
function hashWords(words: Int32Array, length: number, seed: number, into: Uint32Array): void {
  if (length < 32) {
    into[0] = P5_HIGH;
    into[1] = P5_LOW + seed;
    hashRest(words, 0, length, length, into);
    return;
  }
  const sums = startOfStripes(seed);
  addStripes(sums, words, length);
  mixStripes(sums, into);
  hashRest(words, (length >>> 5) << 3, length, length, into);
}

/** Takes what is behind the stripes, from the word `at` on, into what they came to; `total` is the length of all there was. */
function hashRest(words: Int32Array, start: number, length: number, total: number, into: Uint32Array): void {
  let at = start;
  // The sum with the low half of a prime may carry.
  let l = ((into[1] ?? 0) + total) | 0;
  let h = ((into[0] ?? 0) + (l >>> 0 < total ? 1 : 0)) | 0;
  const whole = length >>> 2;
  for (; at + 2 <= whole; at += 2) {
    const laneLow = words[at] ?? 0;
    const laneHigh = words[at + 1] ?? 0;
    const kh = mulHigh64(laneHigh, laneLow, P2_HIGH, P2_LOW);
    const kl = Math.imul(laneLow, P2_LOW);
    const rl = (kl << 31) | (kh >>> 1);
    h ^= mulHigh64((kh << 31) | (kl >>> 1), rl, P1_HIGH, P1_LOW);
    l ^= Math.imul(rl, P1_LOW);
    const turned = (l << 27) | (h >>> 5);
    h = (mulHigh64((h << 27) | (l >>> 5), turned, P1_HIGH, P1_LOW) + P4_HIGH) | 0;
    l = (Math.imul(turned, P1_LOW) + P4_LOW) | 0;
    if (l >>> 0 < P4_LOW) h = (h + 1) | 0;
  }
  if (at < whole) {
    const word = words[at] ?? 0;
    at++;
    h ^= mulHigh64(0, word, P1_HIGH, P1_LOW);
    l ^= Math.imul(word, P1_LOW);
    const turned = (l << 23) | (h >>> 9);
    h = (mulHigh64((h << 23) | (l >>> 9), turned, P2_HIGH, P2_LOW) + P3_HIGH) | 0;
    l = (Math.imul(turned, P2_LOW) + P3_LOW) | 0;
    if (l >>> 0 < P3_LOW) h = (h + 1) | 0;
  }
  let rest = words[at] ?? 0;
  for (let left = length & 3; left > 0; left--, rest >>>= 8) {
    const byte = rest & 0xff;
    h ^= P5_TIMES_HIGH[byte] ?? 0;
    l ^= Math.imul(byte, P5_LOW);
    const turned = (l << 11) | (h >>> 21);
    h = mulHigh64((h << 11) | (l >>> 21), turned, P1_HIGH, P1_LOW);
    l = Math.imul(turned, P1_LOW);
  }
  avalanche(h, l, into);
}

/** Takes 32 bytes at a time into four sums. */
function addStripes(sums: Int32Array, words: Int32Array, length: number): void {
  const end = (length >>> 5) << 3;
  for (let at = 0; at < end; at += 8) {
    for (let lane = 0; lane < 8; lane += 2)
      absorb(sums, lane, words[at + lane + 1] ?? 0, words[at + lane] ?? 0);
  }
}

function mixStripes(sums: Int32Array, into: Uint32Array): void {
  into.fill(0);
  for (const [lane, turn] of [1, 7, 12, 18].entries()) {
    const h = sums[2 * lane] ?? 0;
    const l = sums[2 * lane + 1] ?? 0;
    add64(into, (h << turn) | (l >>> (32 - turn)), (l << turn) | (h >>> (32 - turn)));
  }
  const mixed = new Int32Array(2);
  for (let lane = 0; lane < 8; lane += 2) {
    mixed.fill(0);
    absorb(mixed, 0, sums[lane] ?? 0, sums[lane + 1] ?? 0);
    const h = (into[0] ?? 0) ^ (mixed[0] ?? 0);
    const l = (into[1] ?? 0) ^ (mixed[1] ?? 0);
    into[0] = mulHigh64(h, l, P1_HIGH, P1_LOW);
    into[1] = Math.imul(l, P1_LOW);
    add64(into, P4_HIGH, P4_LOW);
  }
}

/** High and low half of each of the four sums. */
function startOfStripes(seed: number): Int32Array {
  const sums = new Int32Array(8);
  const both = new Uint32Array(2);
  add64(both, P1_HIGH, P1_LOW);
  add64(both, P2_HIGH, P2_LOW);
  add64(both, 0, seed);
  sums.set(both, 0);
  sums.set([P2_HIGH, P2_LOW + seed, 0, seed], 2);
  both.set([0, seed]);
  add64(both, ~P1_HIGH, -P1_LOW);
  sums.set(both, 6);
  return sums;
}

/** One lane of 8 bytes into the sum at `lane`. */
function absorb(sums: Int32Array, lane: number, high: number, low: number): void {
  const addedLow = Math.imul(low, P2_LOW);
  const l = ((sums[lane + 1] ?? 0) + addedLow) | 0;
  const carry = l >>> 0 < addedLow >>> 0 ? 1 : 0;
  const h = ((sums[lane] ?? 0) + mulHigh64(high, low, P2_HIGH, P2_LOW) + carry) | 0;
  const turned = (l << 31) | (h >>> 1);
  sums[lane] = mulHigh64((h << 31) | (l >>> 1), turned, P1_HIGH, P1_LOW);
  sums[lane + 1] = Math.imul(turned, P1_LOW);
}

function add64(sum: Uint32Array, high: number, low: number): void {
  const l = ((sum[1] ?? 0) + (low >>> 0)) >>> 0;
  sum[0] = (sum[0] ?? 0) + high + (l < low >>> 0 ? 1 : 0);
  sum[1] = l;
}

function avalanche(high: number, low: number, into: Uint32Array): void {
  let l = low ^ (high >>> 1);
  let h = mulHigh64(high, l, P2_HIGH, P2_LOW);
  l = Math.imul(l, P2_LOW);
  l ^= (h << 3) | (l >>> 29);
  h ^= h >>> 29;
  h = mulHigh64(h, l, P3_HIGH, P3_LOW);
  l = Math.imul(l, P3_LOW);
  into[0] = h;
  into[1] = l ^ h;
}

/** High half of the low 64 bits of a product. */
// Not with BigInt: V8 11.3, of Node 20, ends the process while it optimizes a hash that is made of them.
function mulHigh64(aHigh: number, aLow: number, bHigh: number, bLow: number): number {
  const a0 = aLow & 0xffff;
  const a1 = aLow >>> 16;
  const b0 = bLow & 0xffff;
  const b1 = bLow >>> 16;
  // Each sum fits into 32 bits, so `| 0` loses nothing.
  const middle = (Math.imul(a1, b0) + (Math.imul(a0, b0) >>> 16)) | 0;
  const other = (Math.imul(a0, b1) + (middle & 0xffff)) | 0;
  const top = (Math.imul(a1, b1) + (middle >>> 16) + (other >>> 16)) | 0;
  return (top + Math.imul(aHigh, bLow) + Math.imul(aLow, bHigh)) | 0;
}
