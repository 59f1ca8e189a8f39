import { Circle, entryOf, layoutFor } from './circle.ts';
import { CircleWriter } from './circle-writer.ts';
import type { MemberChange } from './member-change.ts';
import type { PositionsOf } from './points.ts';
import { sortSteps } from './sort-steps.ts';
import { HASH_UNITS, Pace, type Steps } from './steps.ts';

/** A change of more points than this part of a circle is no quicker than to build it anew, nor one of more than that. */
const LARGEST_PART = 1 / 4;
const MOST_POINTS = 65_536;
/** Points that are moved in blocks: many of them in the time in which one is moved by itself. */
const BLOCK = 16_384;
const POINTS_PER_UNIT = 8;
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

type Position = readonly [high: number, low: number];

/**
 * The circle after a change of members: points that stay are moved in blocks, none is hashed or sorted again.
 *
 * Where the number of members or points crosses a power of two, points are written down anew one by one. Undefined
 * for large changes: the circle had better be built anew. `positionsOf` must depend on the member alone.
 */
export function* changedCircle(
  circle: Circle,
  change: MemberChange,
  positionsOf: PositionsOf,
): Steps<Circle | undefined> {
  const pace = new Pace();
  const points: PointChange[] = [];
  const ranks = ranksAmongEquals(change);
  const most = Math.min(MOST_POINTS, circle.size * LARGEST_PART);
  for (const { from, to } of change.changed) {
    const old = change.before[from];
    const now = change.after[to];
    const oldPositions = old === undefined ? NO_POINTS : yield* positionsOf(old, from, pace);
    const positions = now === undefined ? NO_POINTS : yield* positionsOf(now, to, pace);
    const same = old?.hashKey === now?.hashKey ? commonLength(oldPositions, positions) : 0;
    if (points.length + (oldPositions.length + positions.length) / 2 - same > most) return undefined;
    yield* addGoing(points, circle, yield* sortedPositions(oldPositions.subarray(same)), from, pace);
    yield* addComing(points, circle, yield* sortedPositions(positions.subarray(same)), { to, ranks }, pace);
    if (pace.isDue(1)) yield;
  }
  const size = points.reduce((sum, { comes }) => sum + (comes ? 1 : -1), circle.size);
  const { layout } = circle.arrays;
  const { bucketBits, ownerBits } = layoutFor(size, change.after.length);
  const sorted = yield* sortSteps(
    points,
    (a, b) => a.at - b.at || Number(b.comes) - Number(a.comes) || byPosition(a, b),
  );
  if (bucketBits === layout.bucketBits && ownerBits === layout.ownerBits)
    return yield* movePoints(circle, sorted, change.indexAfter, size);
  const writer = new CircleWriter(size, { bucketBits, ownerBits });
  return yield* rewritePoints(circle, sorted, change.indexAfter, writer);
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
function* addGoing(
  points: PointChange[],
  circle: Circle,
  positions: readonly Position[],
  member: number,
  pace: Pace,
): Steps<void> {
  let previous: PointChange | undefined;
  for (const [high, low] of positions) {
    const next = previous?.high === high && previous.low === low ? previous.at + 1 : undefined;
    let at = next ?? circle.firstNotBefore(high, low);
    for (; circle.ownerAt(at) !== member; at++) if (pace.isDue(1)) yield;
    previous = { at, comes: false, high, low, member };
    points.push(previous);
    if (pace.isDue(HASH_UNITS)) yield;
  }
}

function* addComing(
  points: PointChange[],
  circle: Circle,
  positions: readonly Position[],
  { to, ranks }: { readonly to: number; readonly ranks: Int32Array },
  pace: Pace,
): Steps<void> {
  for (const [high, low] of positions) {
    let at = circle.firstNotBefore(high, low);
    for (; circle.isAt(at, high, low) && (ranks[circle.ownerAt(at)] ?? -1) < to; at++)
      if (pace.isDue(1)) yield;
    points.push({ at, comes: true, high, low, member: to });
    if (pace.isDue(HASH_UNITS)) yield;
  }
}

function sortedPositions(positions: Uint32Array): Steps<Position[]> {
  const list = Array.from({ length: positions.length / 2 }, (_, i): Position => [
    positions[2 * i] ?? 0,
    positions[2 * i + 1] ?? 0,
  ]);
  return sortSteps(list, (a, b) => a[0] - b[0] || a[1] - b[1]);
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
  const pace = new Pace();
  const entries = new Uint32Array(size);
  const low = new Uint32Array(size);
  let done = 0;
  let target = 0;
  for (const point of [...points, undefined]) {
    const until = point?.at ?? oldSize;
    while (done < until) {
      const end = Math.min(until, done + BLOCK);
      low.set(arrays.low.subarray(done, end), target);
      renameOwners(
        arrays.entries.subarray(done, end),
        entries.subarray(target),
        indexAfter,
        layout.ownerBits,
      );
      target += end - done;
      if (pace.isDue((end - done) / POINTS_PER_UNIT)) yield;
      done = end;
    }
    if (point?.comes === true) {
      entries[target] = entryOf(point.high, point.member, layout);
      low[target] = point.low;
      target++;
    } else {
      done++;
    }
    if (pace.isDue(HASH_UNITS)) yield;
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

/** The same for another layout, in which every entry is another. */
function* rewritePoints(
  circle: Circle,
  points: readonly PointChange[],
  indexAfter: Int32Array,
  writer: CircleWriter,
): Steps<Circle> {
  const pace = new Pace();
  const old = circle.points();
  for (const point of [...points, undefined]) {
    const until = point?.at ?? circle.size;
    while (old.index < until) {
      writer.add(old.high, old.low, indexAfter[old.owner] ?? 0);
      old.next();
      if (pace.isDue(1)) yield;
    }
    if (point?.comes === true) writer.add(point.high, point.low, point.member);
    else old.next();
    if (pace.isDue(1)) yield;
  }
  return writer.circle();
}
