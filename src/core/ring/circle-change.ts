import { Circle, entryOf, layoutFor } from './circle.ts';
import type { MemberChange } from './member-change.ts';
import type { PositionsOf } from './points.ts';
import type { Steps } from './steps.ts';

/** A change of more points than this part of a circle is no quicker than to build it anew. */
const LARGEST_PART = 1 / 4;
const POINTS_PER_STEP = 131_072;
const NO_POINTS = new Uint32Array();

/** A point that goes, at its index in the old circle, or one that comes before the old point of that index. */
interface PointChange {
  readonly at: number;
  readonly comes: boolean;
  readonly high: number;
  readonly low: number;
  /** Index of the member: before for one that goes, after for one that comes. */
  readonly member: number;
}

/**
 * The circle after a change of members: points that stay are moved in blocks, none is hashed or sorted again.
 *
 * Undefined where the circle had better be built anew: for large changes, and where the layout is another one, as when
 * the number of members or points crosses a power of two. `positionsOf` must depend on the member alone.
 */
export function* changedCircle(
  circle: Circle,
  change: MemberChange,
  positionsOf: PositionsOf,
): Steps<Circle | undefined> {
  const points: PointChange[] = [];
  const ranks = ranksAmongEquals(change);
  for (const { from, to } of change.changed) {
    const old = change.before[from];
    const now = change.after[to];
    const oldPositions = old === undefined ? NO_POINTS : positionsOf(old, from);
    const positions = now === undefined ? NO_POINTS : positionsOf(now, to);
    const same = old?.hashKey === now?.hashKey ? commonLength(oldPositions, positions) : 0;
    for (const point of going(circle, oldPositions.subarray(same), from)) points.push(point);
    for (const point of coming(circle, positions.subarray(same), to, ranks)) points.push(point);
    if (points.length > circle.size * LARGEST_PART) return undefined;
    yield;
  }
  const size = points.reduce((sum, { comes }) => sum + (comes ? 1 : -1), circle.size);
  const { layout } = circle.arrays;
  const { bucketBits, ownerBits } = layoutFor(size, change.after.length);
  if (bucketBits !== layout.bucketBits || ownerBits !== layout.ownerBits) return undefined;
  points.sort((a, b) => a.at - b.at || Number(b.comes) - Number(a.comes) || byPosition(a, b));
  return yield* movePoints(circle, points, change.indexAfter, size);
}

/** Index after by index before; less than all others for members whose points all go. */
function ranksAmongEquals({ before, after, indexAfter, changed }: MemberChange): Int32Array {
  const ranks = indexAfter.slice();
  for (const { from, to } of changed) if (before[from]?.hashKey !== after[to]?.hashKey) ranks[from] = -1;
  return ranks;
}

/** How many halves of positions two lists begin with in common. */
function commonLength(one: Uint32Array, other: Uint32Array): number {
  let length = 0;
  while (length < one.length && length < other.length && one[length] === other[length]) length++;
  return length - (length % 2);
}

/** The old points of a member at these positions, of which it may have several at one. */
function going(circle: Circle, positions: Uint32Array, member: number): PointChange[] {
  let previous: PointChange | undefined;
  return sortedPositions(positions).map(([high, low]) => {
    const first = previous?.high === high && previous.low === low ? previous.at + 1 : undefined;
    let at = first ?? circle.firstNotBefore(high, low);
    while (circle.ownerAt(at) !== member) at++;
    const point = { at, comes: false, high, low, member };
    previous = point;
    return point;
  });
}

function coming(circle: Circle, positions: Uint32Array, member: number, ranks: Int32Array): PointChange[] {
  return sortedPositions(positions).map(([high, low]) => {
    let at = circle.firstNotBefore(high, low);
    while (circle.isAt(at, high, low) && (ranks[circle.ownerAt(at)] ?? -1) < member) at++;
    return { at, comes: true, high, low, member };
  });
}

function sortedPositions(positions: Uint32Array): [high: number, low: number][] {
  const list = Array.from({ length: positions.length / 2 }, (_, i): [number, number] => [
    positions[2 * i] ?? 0,
    positions[2 * i + 1] ?? 0,
  ]);
  return list.sort((a, b) => a[0] - b[0] || a[1] - b[1]);
}

function byPosition(a: PointChange, b: PointChange): number {
  return a.high - b.high || a.low - b.low || a.member - b.member;
}

function* movePoints(
  { arrays, size: oldSize }: Circle,
  points: readonly PointChange[],
  indexAfter: Int32Array,
  size: number,
): Steps<Circle> {
  const { layout } = arrays;
  const entries = new Uint32Array(size);
  const low = new Uint32Array(size);
  let done = 0;
  let target = 0;
  for (const point of [...points, undefined]) {
    const until = point?.at ?? oldSize;
    while (done < until) {
      const end = Math.min(until, done + POINTS_PER_STEP);
      low.set(arrays.low.subarray(done, end), target);
      renameOwners(
        arrays.entries.subarray(done, end),
        entries.subarray(target),
        indexAfter,
        layout.ownerBits,
      );
      target += end - done;
      if (Math.floor(done / POINTS_PER_STEP) !== Math.floor(end / POINTS_PER_STEP)) yield;
      done = end;
    }
    if (point?.comes === true) {
      entries[target] = entryOf(point.high, point.member, layout);
      low[target] = point.low;
      target++;
    } else {
      done++;
    }
  }
  const bucketStart = movedStarts(arrays.bucketStart, points, layout.bucketBits);
  return new Circle({ entries, low, bucketStart, layout });
}

function renameOwners(from: Uint32Array, to: Uint32Array, names: Int32Array, ownerBits: number): void {
  const mask = 2 ** ownerBits - 1;
  for (let index = 0; index < from.length; index++) {
    const entry = from[index] ?? 0;
    to[index] = (entry & ~mask) | (names[entry & mask] ?? 0);
  }
}

function movedStarts(starts: Uint32Array, points: readonly PointChange[], bucketBits: number): Uint32Array {
  const more = new Int32Array(starts.length + 1);
  for (const { high, comes } of points) {
    const behind = (high >>> (32 - bucketBits)) + 1;
    more[behind] = (more[behind] ?? 0) + (comes ? 1 : -1);
  }
  let sum = 0;
  return starts.map((start, bucket) => {
    sum += more[bucket] ?? 0;
    return start + sum;
  });
}
