import type { Member } from './member.ts';
import { sortSteps } from './sort-steps.ts';
import { Pace, type Steps } from './steps.ts';

/** Above this many points a bucket is sorted by comparison; hostile hash keys can crowd one bucket. */
const INSERTION_SORT_LIMIT = 32;
/** Points of one member that are counted or moved between two looks at the pace. */
const CHUNK = 4096;

/** Positions of a member's points: high and low half of the first, of the second, and so on. */
export type PositionsOf = (member: Member, index: number, pace: Pace) => Steps<Uint32Array>;

/** A list of points: index i of each array is one point. */
export interface Points {
  /** High 32 bits of the position on the circle. */
  readonly high: Uint32Array;
  readonly low: Uint32Array;
  /** Index of the member that the point belongs to. */
  readonly owner: Uint32Array;
}

/** The points of all members in ascending order; those at one position keep the order of the members. */
export function* sortedPoints(members: readonly Member[], positionsOf: PositionsOf): Steps<Points> {
  const pace = new Pace();
  const positions: Uint32Array[] = [];
  let size = 0;
  for (const [index, member] of members.entries()) {
    const ofMember = yield* positionsOf(member, index, pace);
    positions.push(ofMember);
    size += ofMember.length / 2;
    if (pace.isDue(1)) yield;
  }
  yield;
  return yield* sortPoints(positions, size, pace);
}

/** Hashes spread evenly, so a bucket per two to four points leaves next to nothing to sort. */
function* sortPoints(positions: readonly Uint32Array[], size: number, pace: Pace): Steps<Points> {
  const bucketBits = Math.max(1, Math.floor(Math.log2(size || 1)) - 1);
  const points = { high: new Uint32Array(size), low: new Uint32Array(size), owner: new Uint32Array(size) };
  const ends = yield* bucketEnds(positions, bucketBits, pace);
  for (let member = positions.length - 1; member >= 0; member--) {
    const ofMember = positions[member] ?? new Uint32Array();
    for (let to = ofMember.length; to > 0; to -= 2 * CHUNK) {
      const from = Math.max(0, to - 2 * CHUNK);
      scatter(ofMember, { from, to, member }, points, ends, bucketBits);
      if (pace.isDue((to - from) / 2)) yield;
    }
  }
  // Every end has become the start of its bucket.
  for (let bucket = 0; bucket < ends.length; bucket++) {
    const from = ends[bucket] ?? 0;
    const to = ends[bucket + 1] ?? size;
    if (to - from > INSERTION_SORT_LIMIT) yield* sortByComparison(points, from, to);
    else sortBucket(points, from, to);
    if (pace.isDue(1 + to - from)) yield;
  }
  return points;
}

/** Where each of the 2^`bucketBits` equal parts of the circle ends in a list of the points that is sorted. */
function* bucketEnds(positions: readonly Uint32Array[], bucketBits: number, pace: Pace): Steps<Uint32Array> {
  const ends = new Uint32Array(2 ** bucketBits);
  for (const ofMember of positions) {
    for (let from = 0; from < ofMember.length; from += 2 * CHUNK) {
      const to = Math.min(from + 2 * CHUNK, ofMember.length);
      for (let i = from; i < to; i += 2) {
        const bucket = (ofMember[i] ?? 0) >>> (32 - bucketBits);
        ends[bucket] = (ends[bucket] ?? 0) + 1;
      }
      if (pace.isDue((to - from) / 2)) yield;
    }
  }
  let end = 0;
  for (let bucket = 0; bucket < ends.length; bucket++) {
    end += ends[bucket] ?? 0;
    ends[bucket] = end;
    if (pace.isDue(1)) yield;
  }
  return ends;
}

/** Moves some points of a member into their buckets, the last ones first and from the end of each bucket. */
function scatter(
  positions: Uint32Array,
  { from, to, member }: { readonly from: number; readonly to: number; readonly member: number },
  points: Points,
  ends: Uint32Array,
  bits: number,
): void {
  for (let i = to - 2; i >= from; i -= 2) {
    const high = positions[i] ?? 0;
    const bucket = high >>> (32 - bits);
    const target = (ends[bucket] ?? 0) - 1;
    ends[bucket] = target;
    setPoint(points, target, high, positions[i + 1] ?? 0, member);
  }
}

/** Sorts the points of one bucket; equal ones keep their order. */
function sortBucket(points: Points, from: number, to: number): void {
  for (let index = from + 1; index < to; index++) {
    const high = points.high[index] ?? 0;
    const low = points.low[index] ?? 0;
    const owner = points.owner[index] ?? 0;
    let hole = index;
    for (; hole > from && isAfter(points, hole - 1, high, low); hole--) {
      setPoint(
        points,
        hole,
        points.high[hole - 1] ?? 0,
        points.low[hole - 1] ?? 0,
        points.owner[hole - 1] ?? 0,
      );
    }
    setPoint(points, hole, high, low, owner);
  }
}

function* sortByComparison(points: Points, from: number, to: number): Steps<void> {
  const high = points.high.slice(from, to);
  const low = points.low.slice(from, to);
  const owner = points.owner.slice(from, to);
  const order = yield* sortSteps(
    Array.from(high, (_, index) => index),
    (a, b) => (high[a] ?? 0) - (high[b] ?? 0) || (low[a] ?? 0) - (low[b] ?? 0),
  );
  const pace = new Pace();
  for (const [index, source] of order.entries()) {
    setPoint(points, from + index, high[source] ?? 0, low[source] ?? 0, owner[source] ?? 0);
    if (pace.isDue(1)) yield;
  }
}

function setPoint(points: Points, index: number, high: number, low: number, owner: number): void {
  points.high[index] = high;
  points.low[index] = low;
  points.owner[index] = owner;
}

function isAfter(points: Points, index: number, high: number, low: number): boolean {
  const pointHigh = points.high[index] ?? 0;
  return pointHigh > high || (pointHigh === high && (points.low[index] ?? 0) > low);
}
