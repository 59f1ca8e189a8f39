import { Circle, entryOf, type Layout, layoutFor } from './circle.ts';
import type { Points } from './points.ts';
import { Pace, type Steps } from './steps.ts';

/** Takes down the points of a circle one by one, in ascending order. */
export class CircleWriter {
  private readonly entries: Uint32Array;
  private readonly low: Uint32Array;
  private readonly bucketStart: Uint32Array;
  private readonly layout: Layout;
  private length = 0;
  private bucket = 0;

  constructor(size: number, layout: Layout) {
    this.layout = layout;
    this.entries = new Uint32Array(size);
    this.low = new Uint32Array(size);
    this.bucketStart = new Uint32Array(2 ** layout.bucketBits + 1).fill(size);
  }

  add(high: number, low: number, owner: number): void {
    const own = high >>> (32 - this.layout.bucketBits);
    while (this.bucket <= own) this.bucketStart[this.bucket++] = this.length;
    this.entries[this.length] = entryOf(high, owner, this.layout);
    this.low[this.length] = low;
    this.length++;
  }

  circle(): Circle {
    const { entries, low, bucketStart, layout } = this;
    return new Circle({ entries, low, bucketStart, layout });
  }
}

/** The circle of points in ascending order, whose owners are below `memberCount`. */
export function* circleOf({ high, low, owner }: Points, memberCount: number): Steps<Circle> {
  const pace = new Pace();
  const writer = new CircleWriter(high.length, layoutFor(high.length, memberCount));
  for (let index = 0; index < high.length; index++) {
    writer.add(high[index] ?? 0, low[index] ?? 0, owner[index] ?? 0);
    if (pace.isDue(1)) yield;
  }
  return writer.circle();
}
