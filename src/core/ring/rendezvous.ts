import type { Algorithm } from './algorithm.ts';
import type { Hash64 } from './hash64.ts';
import { multiply64 } from './int64.ts';
import { type Member, weightOf } from './member.ts';
import type { Placement } from './placement.ts';

const FACTOR_HIGH = 0x2545f491;
const FACTOR_LOW = 0x4f6cdd1d;

/**
 * Weighted rendezvous hashing: every member draws a score for the key, and the highest owns it.
 *
 * Shares are proportional to weights and only the keys of a changed member move; a lookup takes time in
 * proportion to the number of members. Sources: Thaler and Ravishankar, "A Name-Based Mapping Scheme for
 * Rendezvous" (1996); Schindelhauer and Schomaker, "Weighted Distributed Hash Tables" (SPAA 2005); the
 * mixing and the logarithm, which needs no library, as in Envoy's rendezvous_hash.
 */
export function rendezvous(hash64: Hash64): Algorithm {
  return {
    keyHash: hash64,
    keyHashName: 'xxh64',
    skipEqualsRebuild: true,
    *place(members) {
      yield;
      return new Scores(members, hash64);
    },
  };
}

class Scores implements Placement {
  readonly size: number;
  private readonly weights: readonly number[];
  private readonly high: Uint32Array;
  private readonly low: Uint32Array;
  private readonly mixed = new Uint32Array(2);

  constructor(members: readonly Member[], hash64: Hash64) {
    this.size = members.length;
    this.weights = members.map(weightOf);
    this.high = new Uint32Array(this.size);
    this.low = new Uint32Array(this.size);
    const halves = new Uint32Array(2);
    members.forEach((member, index) => {
      hash64(member.hashKey, halves);
      this.high[index] = halves[0] ?? 0;
      this.low[index] = halves[1] ?? 0;
    });
  }

  owner(high: number, low: number): number {
    let best = -1;
    let highest = 0;
    for (let member = 0; member < this.size; member++) {
      const score = this.score(member, high, low);
      if (score > highest) {
        highest = score;
        best = member;
      }
    }
    return best;
  }

  walk(high: number, low: number, visit: (member: number) => boolean): void {
    const scores = this.weights.map((_, member) => this.score(member, high, low));
    const order = [...scores.keys()].filter((member) => (scores[member] ?? 0) > 0);
    order.sort((a, b) => (scores[b] ?? 0) - (scores[a] ?? 0) || a - b);
    for (const member of order) if (!visit(member)) return;
  }

  parts(): undefined {
    return undefined;
  }

  /** 0 for a member of no weight, more for any other. */
  private score(member: number, high: number, low: number): number {
    const weight = this.weights[member] ?? 0;
    if (weight === 0) return 0;
    const { mixed } = this;
    xorshiftMultiply(high ^ (this.high[member] ?? 0), low ^ (this.low[member] ?? 0), mixed);
    const fraction = ((mixed[0] ?? 0) & 0x1fffff) * 2 ** 32 + (mixed[1] ?? 0);
    return -weight / (Math.LN2 * approximateLog2(fraction));
  }
}

/** Marsaglia's xorshift generator with a multiplication at the end (Vigna 2016, xorshift64*). */
function xorshiftMultiply(high: number, low: number, into: Uint32Array): void {
  let h = high;
  let l = low;
  l ^= (h << 20) | (l >>> 12);
  h ^= h >>> 12;
  h ^= (h << 25) | (l >>> 7);
  l ^= l << 25;
  l ^= (h << 5) | (l >>> 27);
  h ^= h >>> 27;
  multiply64(h >>> 0, l >>> 0, FACTOR_HIGH, FACTOR_LOW, into);
}

/** log2 of `fraction` / 2^53 by a quotient of polynomials; 0 counts as the least of all doubles does. */
function approximateLog2(fraction: number): number {
  if (fraction === 0) return -1023;
  const top = Math.floor(fraction / 2 ** 32);
  const bits = top === 0 ? 31 - Math.clz32(fraction) : 63 - Math.clz32(top);
  const mantissa = fraction / 2 ** bits;
  const upper = mantissa >= 1.5 ? 1 : 0;
  const t = (upper === 1 ? mantissa / 2 : mantissa) - 1;
  return bits - 53 + upper + (t * (0.338953 * t + 2.198599)) / (t + 1.523692);
}
