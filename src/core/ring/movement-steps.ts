import { type Movement, Tally } from './movement.ts';
import type { Parts } from './parts.ts';
import type { Ring } from './ring.ts';
import { finish, Pace, type Steps } from './steps.ts';

/** Keys drawn where placements cannot be compared part by part. */
const SAMPLED_KEYS = 10_000;
/** Of a sampled share: 1.96 standard deviations at their widest, a share of a half. */
const SAMPLE_ERROR = 0.0098;
/** What comparing two parts costs, with taking them from their placements. */
const PART_UNITS = 2;
const LOOKUP_UNITS = 8;

export interface MovementOptions {
  /** Most ranges to list; default 10,000. */
  readonly maxRanges?: number;
  /** Most flows to list; default 10,000. */
  readonly maxFlows?: number;
}

/** Compares two rings, whatever their algorithms are. */
export function movement(before: Ring, after: Ring, options?: MovementOptions): Movement {
  return finish(movementSteps(before, after, options));
}

/** `movement` in slices. */
export function* movementSteps(
  before: Ring,
  after: Ring,
  { maxRanges = 10_000, maxFlows = 10_000 }: MovementOptions = {},
): Steps<Movement> {
  const tally = yield* Tally.of(before.members, after.members, { maxRanges, maxFlows });
  const [old, now] =
    before.keyHashName === after.keyHashName ? [cursorOf(before.pieces()), cursorOf(after.pieces())] : [];
  if (old === undefined || now === undefined || old.unit !== now.unit || old.total !== now.total) {
    yield* sample(before, after, tally);
    return yield* tally.movement('sample', SAMPLE_ERROR);
  }
  yield* compare(old, now, tally);
  return yield* tally.movement(now.unit, 0);
}

function* compare(old: PartCursor, now: PartCursor, tally: Tally): Steps<void> {
  const pace = new Pace();
  // Where the piece before ended: in the beginning, at the position before 0.
  let high = -1;
  let low = old.unit === 'hash' ? 0xffffffff : 0;
  while (!old.atEnd && !now.atEnd) {
    const order = old.high - now.high || old.low - now.low;
    const end = order < 0 ? old : now;
    const { high: endHigh, low: endLow } = end;
    const share = (endHigh - high + (endLow - low) / 2 ** 32) / old.total;
    if (share > 0 && tally.add(old.owner, now.owner, share)) {
      tally.addPiece({ high, low, endHigh, endLow, from: old.owner, to: now.owner });
    }
    high = endHigh;
    low = endLow;
    if (order <= 0) old.next();
    if (order >= 0) now.next();
    if (pace.isDue(PART_UNITS)) yield;
  }
}

function cursorOf(pieces: Iterable<Parts> | undefined): PartCursor | undefined {
  return pieces && new PartCursor(pieces);
}

/** One part after the other. */
class PartCursor {
  unit: Parts['unit'] = 'hash';
  total = 0;
  high = 0;
  low = 0;
  owner = -1;
  atEnd = false;
  private readonly pieces: Iterator<Parts>;
  private parts: Parts | undefined;
  private index = -1;

  constructor(pieces: Iterable<Parts>) {
    this.pieces = pieces[Symbol.iterator]();
    this.next();
  }

  next(): void {
    this.index++;
    if (this.index >= (this.parts?.high.length ?? 0)) this.nextPiece();
    this.high = this.parts?.high[this.index] ?? 0;
    this.low = this.parts?.low[this.index] ?? 0;
    this.owner = this.parts?.owner[this.index] ?? -1;
  }

  private nextPiece(): void {
    const piece = this.pieces.next();
    this.atEnd = piece.done === true || piece.value.high.length === 0;
    if (piece.done === true) return;
    this.parts = piece.value;
    this.unit = piece.value.unit;
    this.total = piece.value.total;
    this.index = 0;
  }
}

function* sample(before: Ring, after: Ring, tally: Tally): Steps<void> {
  const pace = new Pace();
  for (let index = 0; index < SAMPLED_KEYS; index++) {
    const key = `sample-${index}`;
    const [from, to] = [before, after].map((ring) => ring.owners([key])[0]);
    tally.add(from ?? -1, to ?? -1, 1 / SAMPLED_KEYS);
    if (pace.isDue(lookupUnits(before) + lookupUnits(after))) yield;
  }
}

function lookupUnits({ policy, members }: Ring): number {
  return policy.algorithm === 'rendezvous' ? members.length : LOOKUP_UNITS;
}
