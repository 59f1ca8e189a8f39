import type { Member } from './member.ts';
import type { Steps } from './steps.ts';

/** Above this many points a bucket is sorted by comparison; hostile hash keys can crowd one bucket. */
const INSERTION_SORT_LIMIT = 32;
/** About a millisecond's worth of hashing, and of moving. */
const HASHED_PER_STEP = 4096;
const MOVED_PER_STEP = 32_768;

/** Positions of a member's points: high and low half of the first, of the second, and so on. */
export type PositionsOf = (member: Member, index: number) => Uint32Array;

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
  const positions: Uint32Array[] = [];
  let hashed = 0;
  for (const [index, member] of members.entries()) {
    const ofMember = positionsOf(member, index);
    positions.push(ofMember);
    hashed += ofMember.length / 2;
    if (hashed < HASHED_PER_STEP) continue;
    hashed = 0;
    yield;
  }
  return yield* sortPoints(positions);
}

/** Hashes spread evenly, so a bucket per two to four points leaves next to nothing to sort. */
function* sortPoints(positions: readonly Uint32Array[]): Steps<Points> {
  const size = positions.reduce((sum, { length }) => sum + length / 2, 0);
  const bucketBits = Math.max(1, Math.floor(Math.log2(size || 1)) - 1);
  const points = { high: new Uint32Array(size), low: new Uint32Array(size), owner: new Uint32Array(size) };
  yield;
  const ends = yield* bucketEnds(positions, bucketBits);
  let moved = 0;
  for (let member = positions.length - 1; member >= 0; member--) {
    const ofMember = positions[member] ?? new Uint32Array();
    scatter(ofMember, member, points, ends, bucketBits);
    moved += ofMember.length / 2;
    if (moved < MOVED_PER_STEP) continue;
    moved = 0;
    yield;
  }
  // Every end has become the start of its bucket.
  for (let bucket = 0; bucket < ends.length; bucket++) {
    sortBucket(points, ends[bucket] ?? 0, ends[bucket + 1] ?? size);
    if (bucket % MOVED_PER_STEP === 0) yield;
  }
  return points;
}

/** Where each of the 2^`bucketBits` equal parts of the circle ends in a list of the points that is sorted. */
function* bucketEnds(positions: readonly Uint32Array[], bucketBits: number): Steps<Uint32Array> {
  const ends = new Uint32Array(2 ** bucketBits);
  let counted = 0;
  for (const ofMember of positions) {
    for (let i = 0; i < ofMember.length; i += 2) {
      const bucket = (ofMember[i] ?? 0) >>> (32 - bucketBits);
      ends[bucket] = (ends[bucket] ?? 0) + 1;
    }
    counted += ofMember.length / 2;
    if (counted < MOVED_PER_STEP) continue;
    counted = 0;
    yield;
  }
  let end = 0;
  for (let bucket = 0; bucket < ends.length; bucket++) {
    end += ends[bucket] ?? 0;
    ends[bucket] = end;
  }
  yield;
  return ends;
}

/** Moves the points of a member into their buckets, the last ones first and from the end of each bucket. */
function scatter(
  positions: Uint32Array,
  member: number,
  points: Points,
  ends: Uint32Array,
  bits: number,
): void {
  for (let i = positions.length - 2; i >= 0; i -= 2) {
    const high = positions[i] ?? 0;
    const bucket = high >>> (32 - bits);
    const target = (ends[bucket] ?? 0) - 1;
    ends[bucket] = target;
    setPoint(points, target, high, positions[i + 1] ?? 0, member);
  }
}

/** Sorts the points of one bucket; equal ones keep their order. */
function sortBucket(points: Points, from: number, to: number): void {
  if (to - from > INSERTION_SORT_LIMIT) {
    sortByComparison(points, from, to);
    return;
  }
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

function sortByComparison(points: Points, from: number, to: number): void {
  const high = points.high.slice(from, to);
  const low = points.low.slice(from, to);
  const owner = points.owner.slice(from, to);
  const order = Array.from(high, (_, index) => index);
  order.sort((a, b) => (high[a] ?? 0) - (high[b] ?? 0) || (low[a] ?? 0) - (low[b] ?? 0));
  order.forEach((source, index) => {
    setPoint(points, from + index, high[source] ?? 0, low[source] ?? 0, owner[source] ?? 0);
  });
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
