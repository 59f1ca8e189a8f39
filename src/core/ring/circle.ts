import { HashParts, type Parts } from './parts.ts';
import type { Placement } from './placement.ts';
import type { Points } from './points.ts';
import type { Steps } from './steps.ts';

/** Keeps the table of buckets, 4 bytes each, in the processor's nearest caches. */
const MAX_BUCKET_BITS = 14;
const POINTS_PER_STEP = 32_768;

/** How many bits of a position choose its bucket, and how many of an entry name the owner; the former is no less. */
export interface Layout {
  readonly bucketBits: number;
  readonly ownerBits: number;
}

/** What a circle is made of. */
export interface CircleArrays {
  /**
   * A point each, ascending: the position's bits below those of the bucket above the index of the owner.
   *
   * On a large ring time is cache misses, so one entry holds both what is compared and the answer.
   */
  readonly entries: Uint32Array;
  /** Low halves of positions. */
  readonly low: Uint32Array;
  /** Index of the first point in or behind each bucket, and at the end the number of points. */
  readonly bucketStart: Uint32Array;
  readonly layout: Layout;
}

/**
 * Points on a circle of 2^64 positions; a hash belongs to the first point at or after it, else to the first.
 *
 * A lookup takes its bucket from the top bits of the hash, guesses the place in the bucket from the other bits,
 * for hashes spread evenly, and steps from there.
 */
export class Circle implements Placement {
  readonly size: number;
  readonly arrays: CircleArrays;
  private readonly entries: Uint32Array;
  private readonly low: Uint32Array;
  private readonly bucketStart: Uint32Array;
  private readonly bucketBits: number;
  private readonly ownerBits: number;
  private readonly ownerMask: number;

  constructor(arrays: CircleArrays) {
    this.arrays = arrays;
    this.size = arrays.entries.length;
    this.entries = arrays.entries;
    this.low = arrays.low;
    this.bucketStart = arrays.bucketStart;
    this.bucketBits = arrays.layout.bucketBits;
    this.ownerBits = arrays.layout.ownerBits;
    this.ownerMask = 2 ** arrays.layout.ownerBits - 1;
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
    for (let bucket = 0; bucket + 1 < this.bucketStart.length; bucket++) {
      const end = this.bucketStart[bucket + 1] ?? 0;
      for (let index = this.bucketStart[bucket] ?? 0; index < end; index++) {
        parts.add(this.highAt(index, bucket), this.low[index] ?? 0, this.ownerAt(index));
      }
    }
    parts.add(0xffffffff, 0xffffffff, this.owner(0, 0));
    return parts.parts();
  }

  /** Index of the first point at or after a position; the number of points when there is none. */
  firstNotBefore(high: number, low: number): number {
    const bucket = high >>> (32 - this.bucketBits);
    const from = this.bucketStart[bucket] ?? 0;
    const to = this.bucketStart[bucket + 1] ?? 0;
    const rest = (high << this.bucketBits) >>> 0;
    const wanted = rest >>> this.ownerBits;
    // Whole numbers are quicker, and a bucket of 2^16 points or more may be guessed wrong.
    let index = from + (Math.imul(rest >>> 16, to - from) >>> 16);
    while (index > from && !this.isBefore(index - 1, wanted, low)) index--;
    while (index < to && this.isBefore(index, wanted, low)) index++;
    return index;
  }

  /** Whether there is a point of this index, and it is at this position. */
  isAt(index: number, high: number, low: number): boolean {
    const bucket = high >>> (32 - this.bucketBits);
    if (index >= (this.bucketStart[bucket + 1] ?? 0)) return false;
    return this.highAt(index, bucket) === high && this.low[index] === low;
  }

  ownerAt(index: number): number {
    return (this.entries[index] ?? 0) & this.ownerMask;
  }

  private successor(high: number, low: number): number {
    const index = this.firstNotBefore(high, low);
    return index === this.size ? 0 : index;
  }

  private highAt(index: number, bucket: number): number {
    const rest = (this.entries[index] ?? 0) & ~this.ownerMask;
    return ((bucket << (32 - this.bucketBits)) | (rest >>> this.bucketBits)) >>> 0;
  }

  /** Whether a point lies before a hash of its bucket; `wanted` is the hash's high half as entries have it. */
  private isBefore(index: number, wanted: number, low: number): boolean {
    const difference = ((this.entries[index] ?? 0) >>> this.ownerBits) - wanted;
    return difference === 0 ? (this.low[index] ?? 0) < low : difference < 0;
  }
}

export function layoutFor(size: number, memberCount: number): Layout {
  const ownerBits = 32 - Math.clz32(Math.max(memberCount, 2) - 1);
  const forSize = Math.min(MAX_BUCKET_BITS, Math.floor(Math.log2(size || 1)));
  return { ownerBits, bucketBits: Math.max(ownerBits, forSize) };
}

export function entryOf(high: number, owner: number, { bucketBits, ownerBits }: Layout): number {
  return ((((high << bucketBits) >>> ownerBits) << ownerBits) | owner) >>> 0;
}

/** The circle of points in ascending order, whose owners are below `memberCount`. */
export function* circleOf({ high, low, owner }: Points, memberCount: number): Steps<Circle> {
  const layout = layoutFor(high.length, memberCount);
  const entries = new Uint32Array(high.length);
  const bucketStart = new Uint32Array(2 ** layout.bucketBits + 1).fill(high.length);
  for (let start = 0; start < high.length; start += POINTS_PER_STEP) {
    const end = Math.min(start + POINTS_PER_STEP, high.length);
    for (let index = start; index < end; index++) {
      entries[index] = entryOf(high[index] ?? 0, owner[index] ?? 0, layout);
    }
    yield;
  }
  let bucket = 0;
  for (let index = 0; index < high.length; index++) {
    const own = (high[index] ?? 0) >>> (32 - layout.bucketBits);
    while (bucket <= own) bucketStart[bucket++] = index;
    if (index % POINTS_PER_STEP === 0) yield;
  }
  return new Circle({ entries, low, bucketStart, layout });
}
