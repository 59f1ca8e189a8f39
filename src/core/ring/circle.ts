import { HashParts, type Parts } from './parts.ts';
import type { Placement } from './placement.ts';
import { type Points, startsOfBuckets } from './points.ts';

/** Keeps the table of buckets, 4 bytes each, in the processor's nearest caches. */
const MAX_BUCKET_BITS = 14;

/**
 * Points on a circle of 2^64 positions; a hash belongs to the first point at or after it, else to the first.
 *
 * A lookup takes its bucket from the top bits of the hash, guesses the place in the bucket from the other bits,
 * for hashes spread evenly, and steps from there. On a large ring time is cache misses, so one entry
 * holds both what is compared and the answer: the position's bits below those of the bucket, as many as fit,
 * above the index of the owner. The rest of a position is read only where these bits are equal.
 */
export class Circle implements Placement {
  readonly size: number;
  private readonly high: Uint32Array;
  private readonly low: Uint32Array;
  private readonly entries: Uint32Array;
  private readonly ownerBits: number;
  private readonly ownerMask: number;
  private readonly bucketBits: number;
  private readonly bucketStart: Uint32Array;

  /** `points` in ascending order; their owners are below `memberCount`. */
  constructor({ high, low, owner }: Points, memberCount: number) {
    this.size = high.length;
    this.high = high;
    this.low = low;
    this.ownerBits = 32 - Math.clz32(Math.max(memberCount, 2) - 1);
    this.ownerMask = 2 ** this.ownerBits - 1;
    this.bucketBits = Math.min(MAX_BUCKET_BITS, Math.max(1, Math.floor(Math.log2(this.size || 1)) - 3));
    this.bucketStart = startsOfBuckets(high, this.bucketBits);
    this.entries = owner.map((member, index) => {
      const rest = (high[index] ?? 0) << this.bucketBits;
      return ((rest >>> this.ownerBits) << this.ownerBits) | member;
    });
  }

  owner(high: number, low: number): number {
    return this.size === 0 ? -1 : this.ownerAt(this.successor(high, low));
  }

  walk(high: number, low: number, visit: (member: number) => boolean): void {
    const start = this.successor(high, low);
    for (let step = 0; step < this.size; step++) {
      const index = start + step;
      if (!visit(this.ownerAt(index < this.size ? index : index - this.size))) return;
    }
  }

  parts(): Parts {
    const parts = new HashParts(this.size + 1);
    for (let index = 0; index < this.size; index++) {
      parts.add(this.high[index] ?? 0, this.low[index] ?? 0, this.ownerAt(index));
    }
    parts.add(0xffffffff, 0xffffffff, this.size === 0 ? -1 : this.ownerAt(0));
    return parts.parts();
  }

  private ownerAt(index: number): number {
    return (this.entries[index] ?? 0) & this.ownerMask;
  }

  /** Index of the first point at or after the hash, or of the very first one when there is none. */
  private successor(high: number, low: number): number {
    const bucket = high >>> (32 - this.bucketBits);
    const from = this.bucketStart[bucket] ?? 0;
    const to = this.bucketStart[bucket + 1] ?? 0;
    const rest = (high << this.bucketBits) >>> 0;
    let index = from + Math.floor((rest / 2 ** 32) * (to - from));
    while (index > from && !this.isBefore(index - 1, rest, high, low)) index--;
    while (index < to && this.isBefore(index, rest, high, low)) index++;
    return index === this.size ? 0 : index;
  }

  /** Whether a point lies before the hash, of whose bucket it is; `rest` is the hash without the bucket's bits. */
  private isBefore(index: number, rest: number, high: number, low: number): boolean {
    const difference = ((this.entries[index] ?? 0) >>> this.ownerBits) - (rest >>> this.ownerBits);
    if (difference !== 0) return difference < 0;
    const pointHigh = this.high[index] ?? 0;
    return pointHigh < high || (pointHigh === high && (this.low[index] ?? 0) < low);
  }
}
