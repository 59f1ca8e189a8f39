import { HashParts, type Parts } from './parts.ts';
import type { Placement } from './placement.ts';

/** Keeps the table of buckets, 4 bytes each, in the processor's nearest caches. */
const MAX_BUCKET_BITS = 14;

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

  *parts(): Iterable<Parts> {
    const parts = new HashParts();
    const point = this.points();
    while (point.index < this.size) {
      parts.add(point.high, point.low, point.owner);
      if (parts.isFull) yield parts.take();
      point.next();
    }
    parts.add(0xffffffff, 0xffffffff, this.owner(0, 0));
    yield parts.take();
  }

  /** Its points one after the other. */
  points(): CirclePoint {
    return new CirclePoint(this.arrays);
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
    return highOf(this.entries[index] ?? 0, bucket, this.arrays.layout);
  }

  /** Whether a point lies before a hash of its bucket; `wanted` is the hash's high half as entries have it. */
  private isBefore(index: number, wanted: number, low: number): boolean {
    const difference = ((this.entries[index] ?? 0) >>> this.ownerBits) - wanted;
    return difference === 0 ? (this.low[index] ?? 0) < low : difference < 0;
  }
}

/** One point of a circle, and the way to the next. */
export class CirclePoint {
  index = 0;
  high = 0;
  low = 0;
  owner = 0;
  private readonly arrays: CircleArrays;
  private bucket = 0;

  constructor(arrays: CircleArrays) {
    this.arrays = arrays;
    this.read();
  }

  /** Behind the last one there is none, at the index that is their number. */
  next(): void {
    this.index++;
    this.read();
  }

  private read(): void {
    const { entries, low, bucketStart, layout } = this.arrays;
    if (this.index >= entries.length) return;
    while ((bucketStart[this.bucket + 1] ?? 0) <= this.index) this.bucket++;
    const entry = entries[this.index] ?? 0;
    this.high = highOf(entry, this.bucket, layout);
    this.low = low[this.index] ?? 0;
    this.owner = entry & (2 ** layout.ownerBits - 1);
  }
}

/** High half of the position of an entry in a bucket. */
function highOf(entry: number, bucket: number, { bucketBits, ownerBits }: Layout): number {
  const rest = entry & ~(2 ** ownerBits - 1);
  return ((bucket << (32 - bucketBits)) | (rest >>> bucketBits)) >>> 0;
}

export function layoutFor(size: number, memberCount: number): Layout {
  const ownerBits = 32 - Math.clz32(Math.max(memberCount, 2) - 1);
  const forSize = Math.min(MAX_BUCKET_BITS, Math.floor(Math.log2(size || 1)));
  return { ownerBits, bucketBits: Math.max(ownerBits, forSize) };
}

export function entryOf(high: number, owner: number, { bucketBits, ownerBits }: Layout): number {
  return ((((high << bucketBits) >>> ownerBits) << ownerBits) | owner) >>> 0;
}
