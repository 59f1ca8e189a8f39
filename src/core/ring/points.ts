import type { Hash64 } from './hash64.ts';

/** Above this many points a bucket is sorted by comparison; hostile hash keys can crowd one bucket. */
const INSERTION_SORT_LIMIT = 32;

/** A list of points: index i of each array is one point. */
export interface Points {
  /** High 32 bits of the position on the circle. */
  readonly high: Uint32Array;
  readonly low: Uint32Array;
  /** Index of the member that the point belongs to. */
  readonly owner: Uint32Array;
}

/**
 * The points of all members in ascending order; point i of member m is the hash of `hashKeys[m] + "_" + i`.
 *
 * Member m has `counts[m]` points. Points at one position keep the order of `hashKeys`.
 */
export function sortedPoints(hashKeys: readonly string[], counts: readonly number[], hash64: Hash64): Points {
  return sortPoints(hashPoints(hashKeys, counts, hash64));
}

/** The points in ascending order; those at one position keep their order. */
function sortPoints(unsorted: Points): Points {
  // Hashes spread evenly, so a bucket per two to four points leaves next to nothing to sort.
  const bucketBits = Math.max(1, Math.floor(Math.log2(unsorted.high.length || 1)) - 1);
  const bucketStart = startsOfBuckets(unsorted.high, bucketBits);
  const points = scatter(unsorted, bucketStart, bucketBits);
  for (let bucket = 0; bucket + 1 < bucketStart.length; bucket++) {
    sortBucket(points, bucketStart[bucket] ?? 0, bucketStart[bucket + 1] ?? 0);
  }
  return points;
}

/**
 * Where each of the 2^`bucketBits` equal parts of the circle begins in a list sorted by `high`.
 *
 * Part b holds the points from entry b up to, not including, entry b + 1. `bucketBits` is 1..31.
 */
export function startsOfBuckets(high: Uint32Array, bucketBits: number): Uint32Array {
  const starts = new Uint32Array(2 ** bucketBits + 1);
  for (const value of high) {
    const next = (value >>> (32 - bucketBits)) + 1;
    starts[next] = (starts[next] ?? 0) + 1;
  }
  for (let bucket = 1; bucket < starts.length; bucket++) {
    starts[bucket] = (starts[bucket] ?? 0) + (starts[bucket - 1] ?? 0);
  }
  return starts;
}

function hashPoints(hashKeys: readonly string[], counts: readonly number[], hash64: Hash64): Points {
  const points = newPoints(counts.reduce((sum, count) => sum + count, 0));
  const halves = new Uint32Array(2);
  let index = 0;
  hashKeys.forEach((hashKey, member) => {
    const prefix = `${hashKey}_`;
    const count = counts[member] ?? 0;
    for (let i = 0; i < count; i++, index++) {
      hash64(prefix + String(i), halves);
      setPoint(points, index, halves[0] ?? 0, halves[1] ?? 0, member);
    }
  });
  return points;
}

/** Moves every point into its bucket; points of one bucket keep their order. */
function scatter(unsorted: Points, bucketStart: Uint32Array, bucketBits: number): Points {
  const points = newPoints(unsorted.high.length);
  const nextFree = bucketStart.slice();
  for (let index = 0; index < unsorted.high.length; index++) {
    const bucket = (unsorted.high[index] ?? 0) >>> (32 - bucketBits);
    const target = nextFree[bucket] ?? 0;
    nextFree[bucket] = target + 1;
    copyPoint(unsorted, index, points, target);
  }
  return points;
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
    while (hole > from && isAfter(points, hole - 1, high, low)) {
      copyPoint(points, hole - 1, points, hole);
      hole--;
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
    copyPoint({ high, low, owner }, source, points, from + index);
  });
}

/** Points of 32-bit algorithms in ascending order: the positions of each member, who is their index. */
export function sortedPoints32(positions: readonly Uint32Array[]): Points {
  const points = newPoints(positions.reduce((sum, { length }) => sum + length, 0));
  let index = 0;
  positions.forEach((ofMember, member) => {
    for (const position of ofMember) setPoint(points, index++, position, 0, member);
  });
  return sortPoints(points);
}

function newPoints(size: number): Points {
  return { high: new Uint32Array(size), low: new Uint32Array(size), owner: new Uint32Array(size) };
}

function setPoint(points: Points, index: number, high: number, low: number, owner: number): void {
  points.high[index] = high;
  points.low[index] = low;
  points.owner[index] = owner;
}

function copyPoint(from: Points, source: number, to: Points, target: number): void {
  setPoint(to, target, from.high[source] ?? 0, from.low[source] ?? 0, from.owner[source] ?? 0);
}

function isAfter(points: Points, index: number, high: number, low: number): boolean {
  const pointHigh = points.high[index] ?? 0;
  return pointHigh > high || (pointHigh === high && (points.low[index] ?? 0) > low);
}
