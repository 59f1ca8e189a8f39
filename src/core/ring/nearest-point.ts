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
