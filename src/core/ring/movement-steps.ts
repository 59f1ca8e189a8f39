import { type Movement, Tally } from './movement.ts';
import type { Parts } from './parts.ts';
import type { Ring } from './ring.ts';
import { finish, type Steps } from './steps.ts';

/** Keys drawn where placements cannot be compared part by part. */
const SAMPLED_KEYS = 10_000;
/** Of a sampled share: 1.96 standard deviations at their widest, a share of a half. */
const SAMPLE_ERROR = 0.0098;
const PARTS_PER_STEP = 16_384;
const SCORES_PER_STEP = 100_000;

export interface MovementOptions {
  /** Most ranges to list; default 10,000. */
  readonly maxRanges?: number;
}

/** Compares two rings, whatever their algorithms are. */
export function movement(before: Ring, after: Ring, options?: MovementOptions): Movement {
  return finish(movementSteps(before, after, options));
}

/** `movement` in slices. */
export function* movementSteps(
  before: Ring,
  after: Ring,
  { maxRanges = 10_000 }: MovementOptions = {},
): Steps<Movement> {
  const tally = new Tally(before.members, after.members, maxRanges);
  const [old, now] = before.keyHashName === after.keyHashName ? [before.parts(), after.parts()] : [];
  if (old === undefined || now === undefined || old.unit !== now.unit || old.total !== now.total) {
    yield* sample(before, after, tally);
    return tally.movement('sample', SAMPLE_ERROR);
  }
  yield* compare(old, now, tally);
  return tally.movement(now.unit, 0);
}

function* compare(before: Parts, after: Parts, tally: Tally): Steps<void> {
  const old = new PartCursor(before);
  const now = new PartCursor(after);
  // Where the piece before ended: in the beginning, at the position before 0.
  let high = -1;
  let low = before.unit === 'hash' ? 0xffffffff : 0;
  for (let step = 1; !old.atEnd && !now.atEnd; step++) {
    const order = old.high - now.high || old.low - now.low;
    const end = order < 0 ? old : now;
    const { high: endHigh, low: endLow } = end;
    const share = (endHigh - high + (endLow - low) / 2 ** 32) / before.total;
    if (share > 0 && tally.add(old.owner, now.owner, share)) {
      tally.addPiece({ high, low, endHigh, endLow, from: old.owner, to: now.owner });
    }
    high = endHigh;
    low = endLow;
    if (order <= 0) old.next();
    if (order >= 0) now.next();
    if (step % PARTS_PER_STEP === 0) yield;
  }
}

/** One part after the other. */
class PartCursor {
  high = 0;
  low = 0;
  owner = -1;
  atEnd = false;
  private readonly parts: Parts;
  private index = -1;

  constructor(parts: Parts) {
    this.parts = parts;
    this.next();
  }

  next(): void {
    this.index++;
    this.high = this.parts.high[this.index] ?? 0;
    this.low = this.parts.low[this.index] ?? 0;
    this.owner = this.parts.owner[this.index] ?? -1;
    this.atEnd = this.index >= this.parts.high.length;
  }
}

function* sample(before: Ring, after: Ring, tally: Tally): Steps<void> {
  const members = Math.max(before.members.length, after.members.length, 1);
  const keysPerStep = Math.ceil(SCORES_PER_STEP / members);
  for (let first = 0; first < SAMPLED_KEYS; first += keysPerStep) {
    const length = Math.min(keysPerStep, SAMPLED_KEYS - first);
    const keys = Array.from({ length }, (_, i) => `sample-${first + i}`);
    const now = after.owners(keys);
    before.owners(keys).forEach((from, i) => tally.add(from, now[i] ?? -1, 1 / SAMPLED_KEYS));
    yield;
  }
}
