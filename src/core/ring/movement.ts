import { type Balance, balanceOf } from './balance.ts';
import { Flows, type IndexedFlow } from './flows.ts';
import type { Member } from './member.ts';
import { HASH_UNITS, MEMBER_UNITS, Pace, type Steps } from './steps.ts';

/** Keys that change owner, as a share of all keys; undefined stands for nobody. */
export interface Flow {
  readonly from: string | undefined;
  readonly to: string | undefined;
  readonly share: number;
}

/** Hashes that change owner, as 16 hex digits each, or slots of a table, as decimal numbers; both ends belong. */
export interface MovedRange {
  readonly first: string;
  readonly last: string;
  readonly from: string | undefined;
  readonly to: string | undefined;
}

/** What becomes of the keys when one ring takes the place of another; members are named by their ids. */
export interface Movement {
  /**
   * How it was found: `hash` and `slot` are exact, by ranges of hashes and by slots of a table.
   *
   * `sample` placed the 10,000 keys `sample-0`, `sample-1` and so on: where each key draws for itself (`rendezvous`,
   * `jump`), and where keys are hashed in another way before than after.
   */
  readonly basis: 'hash' | 'slot' | 'sample';
  /** Greatest error of a share, 19 times out of 20: 0 when exact, else 0.0098. */
  readonly errorBound: number;
  /** Share of all keys that change owner, 0..1. */
  readonly movedShare: number;
  /** Who gives to whom, the most first. */
  readonly flows: readonly Flow[];
  /** How many more there are than `maxFlows` let in. */
  readonly flowsLeftOut: number;
  /** What moves, ascending; empty when sampled. */
  readonly ranges: readonly MovedRange[];
  /** How many more ranges there are than `maxRanges` let in. */
  readonly rangesLeftOut: number;
  readonly before: Balance;
  readonly after: Balance;
}

/** A piece of all hashes or slots with one owner before and one after; -1 is nobody. */
interface Piece {
  /** The position before it, then the one that it ends with. */
  readonly high: number;
  readonly low: number;
  endHigh: number;
  endLow: number;
  readonly from: number;
  readonly to: number;
}

/** How much of a movement is listed. */
export interface MovementLimits {
  readonly maxRanges: number;
  readonly maxFlows: number;
}

/** Sums up who has which share before and after, piece by piece. */
export class Tally {
  private readonly before: readonly Member[];
  private readonly after: readonly Member[];
  private readonly limits: MovementLimits;
  /** Index after by index before; -2 for a member that left. */
  private readonly indexAfter: Int32Array;
  private readonly sharesBefore: Float64Array;
  private readonly sharesAfter: Float64Array;
  private readonly flows: Flows;
  private movedShare = 0;
  private readonly ranges: Piece[] = [];
  private latest: Piece | undefined;
  private rangesLeftOut = 0;

  private constructor(
    before: readonly Member[],
    after: readonly Member[],
    indexAfter: Int32Array,
    limits: MovementLimits,
  ) {
    this.before = before;
    this.after = after;
    this.limits = limits;
    this.indexAfter = indexAfter;
    this.flows = new Flows(before.length, after.length);
    this.sharesBefore = new Float64Array(before.length);
    this.sharesAfter = new Float64Array(after.length);
  }

  static *of(before: readonly Member[], after: readonly Member[], limits: MovementLimits): Steps<Tally> {
    const pace = new Pace();
    const indexes = new Map<string, number>();
    for (const [index, { id }] of after.entries()) {
      indexes.set(id, index);
      if (pace.isDue(MEMBER_UNITS)) yield;
    }
    const indexAfter = new Int32Array(before.length);
    for (const [index, { id }] of before.entries()) {
      indexAfter[index] = indexes.get(id) ?? -2;
      if (pace.isDue(MEMBER_UNITS)) yield;
    }
    return new Tally(before, after, indexAfter, limits);
  }

  /** Whether these keys change owner. */
  add(from: number, to: number, share: number): boolean {
    if (from >= 0) this.sharesBefore[from] = (this.sharesBefore[from] ?? 0) + share;
    if (to >= 0) this.sharesAfter[to] = (this.sharesAfter[to] ?? 0) + share;
    if ((from < 0 ? -1 : this.indexAfter[from]) === to) return false;
    this.movedShare += share;
    this.flows.add(from, to, share);
    return true;
  }

  /** Takes down a piece that moves; in ascending order. */
  addPiece(piece: Piece): void {
    const { latest } = this;
    if (latest !== undefined && continues(latest, piece)) {
      latest.endHigh = piece.endHigh;
      latest.endLow = piece.endLow;
      return;
    }
    this.latest = piece;
    if (this.ranges.length < this.limits.maxRanges) this.ranges.push(piece);
    else this.rangesLeftOut++;
  }

  *movement(basis: Movement['basis'], errorBound: number): Steps<Movement> {
    const pace = new Pace();
    const { flows, leftOut } = yield* this.flows.largest(this.limits.maxFlows, pace);
    const ranges: MovedRange[] = [];
    for (const piece of this.ranges) {
      ranges.push(this.range(piece, basis));
      if (pace.isDue(2 * HASH_UNITS)) yield;
    }
    return {
      basis,
      errorBound,
      movedShare: Math.min(1, this.movedShare),
      flows: flows.map((flow) => this.flow(flow)),
      flowsLeftOut: leftOut,
      ranges,
      rangesLeftOut: this.rangesLeftOut,
      before: yield* balanceOf(this.before, this.sharesBefore, pace),
      after: yield* balanceOf(this.after, this.sharesAfter, pace),
    };
  }

  private flow({ from, to, share }: IndexedFlow): Flow {
    return { from: this.before[from]?.id, to: this.after[to]?.id, share };
  }

  private range({ high, low, endHigh, endLow, from, to }: Piece, basis: Movement['basis']): MovedRange {
    const isLowest = low === 0xffffffff;
    const [firstHigh, firstLow] = isLowest ? [high + 1, 0] : [high, low + 1];
    return {
      first: basis === 'slot' ? String(high + 1) : hexPosition(firstHigh, firstLow),
      last: basis === 'slot' ? String(endHigh) : hexPosition(endHigh, endLow),
      from: this.before[from]?.id,
      to: this.after[to]?.id,
    };
  }
}

function continues(latest: Piece, { high, low, from, to }: Piece): boolean {
  return latest.endHigh === high && latest.endLow === low && latest.from === from && latest.to === to;
}

function hexPosition(high: number, low: number): string {
  return [high, low].map((half) => half.toString(16).padStart(8, '0')).join('');
}
