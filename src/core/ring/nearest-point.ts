import { HashParts, type Parts } from './parts.ts';
import type { Placement } from './placement.ts';
import type { Points } from './points.ts';

/** Points on a circle of 2^32 positions; a hash belongs to the nearest, of two equally near to the one before. */
export class NearestPoint implements Placement {
  readonly size: number;
  private readonly positions: Uint32Array;
  private readonly owners: Uint32Array;

  /** `points` in ascending order; only the high halves of their positions count. */
  constructor({ high, owner }: Points) {
    this.size = high.length;
    this.positions = high;
    this.owners = owner;
  }

  owner(high: number): number {
    return this.size === 0 ? -1 : (this.owners[this.nearest(high)] ?? -1);
  }

  /** The nearest point, then the ones after it. */
  walk(high: number, _low: number, visit: (member: number) => boolean): void {
    const start = this.size === 0 ? 0 : this.nearest(high);
    for (let step = 0; step < this.size; step++) {
      if (!visit(this.owners[(start + step) % this.size] ?? -1)) return;
    }
  }

  *parts(): Iterable<Parts> {
    const { size, positions } = this;
    const parts = new HashParts();
    const first = positions[0] ?? 0;
    const last = this.ownerAt(size - 1);
    // The half of the gap behind the last point may reach across 0.
    const final = positions[size - 1] ?? 0;
    const end = final + Math.floor((first + 2 ** 32 - final) / 2);
    if (end >= 2 ** 32) parts.add(end - 2 ** 32, 0xffffffff, last);
    for (let index = 0; index < size; index++) {
      const position = positions[index] ?? 0;
      const gap = (positions[index + 1] ?? position) - position;
      parts.add(position, 0xffffffff, this.ownerAt(index));
      if (gap > 0) parts.add(position + (gap >>> 1), 0xffffffff, this.ownerAt(index));
      if (parts.isFull) yield parts.take();
    }
    if (end < 2 ** 32) parts.add(end, 0xffffffff, last);
    parts.add(0xffffffff, 0xffffffff, end < 2 ** 32 ? this.ownerAt(0) : last);
    yield parts.take();
  }

  private ownerAt(index: number): number {
    return this.owners[index] ?? -1;
  }

  private nearest(hash: number): number {
    const next = this.firstAtOrAfter(hash) % this.size;
    const previous = (next + this.size - 1) % this.size;
    const behind = (hash - (this.positions[previous] ?? 0)) >>> 0;
    const ahead = ((this.positions[next] ?? 0) - hash) >>> 0;
    return behind <= ahead ? previous : next;
  }

  private firstAtOrAfter(hash: number): number {
    let from = 0;
    let to = this.size;
    while (from < to) {
      const middle = (from + to) >>> 1;
      if ((this.positions[middle] ?? 0) < hash) from = middle + 1;
      else to = middle;
    }
    return from;
  }
}
