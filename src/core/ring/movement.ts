import { type Balance, balanceOf } from './balance.ts';
import type { Member } from './member.ts';

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

/** Sums up who has which share before and after, piece by piece. */
export class Tally {
  private readonly before: readonly Member[];
  private readonly after: readonly Member[];
  private readonly maxRanges: number;
  /** Index after by index before; -2 for a member that left. */
  private readonly indexAfter: Int32Array;
  private readonly sharesBefore: Float64Array;
  private readonly sharesAfter: Float64Array;
  private readonly flows = new Map<number, number>();
  private readonly ranges: Piece[] = [];
  private latest: Piece | undefined;
  private rangesLeftOut = 0;

  constructor(before: readonly Member[], after: readonly Member[], maxRanges: number) {
    this.before = before;
    this.after = after;
    this.maxRanges = maxRanges;
    const indexes = new Map(after.map(({ id }, index) => [id, index]));
    this.indexAfter = Int32Array.from(before, ({ id }) => indexes.get(id) ?? -2);
    this.sharesBefore = new Float64Array(before.length);
    this.sharesAfter = new Float64Array(after.length);
  }

  /** Whether these keys change owner. */
  add(from: number, to: number, share: number): boolean {
    if (from >= 0) this.sharesBefore[from] = (this.sharesBefore[from] ?? 0) + share;
    if (to >= 0) this.sharesAfter[to] = (this.sharesAfter[to] ?? 0) + share;
    if ((from < 0 ? -1 : this.indexAfter[from]) === to) return false;
    const pair = (from + 1) * (this.after.length + 1) + to + 1;
    this.flows.set(pair, (this.flows.get(pair) ?? 0) + share);
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
    if (this.ranges.length < this.maxRanges) this.ranges.push(piece);
    else this.rangesLeftOut++;
  }

  movement(basis: Movement['basis'], errorBound: number): Movement {
    const flows = [...this.flows].map(([pair, share]) => this.flow(pair, share));
    return {
      basis,
      errorBound,
      movedShare: Math.min(
        1,
        flows.reduce((sum, { share }) => sum + share, 0),
      ),
      flows: flows.sort((a, b) => b.share - a.share),
      ranges: this.ranges.map((piece) => this.range(piece, basis)),
      rangesLeftOut: this.rangesLeftOut,
      before: balanceOf(this.before, this.sharesBefore),
      after: balanceOf(this.after, this.sharesAfter),
    };
  }

  private flow(pair: number, share: number): Flow {
    const width = this.after.length + 1;
    return {
      from: this.before[Math.floor(pair / width) - 1]?.id,
      to: this.after[(pair % width) - 1]?.id,
      share,
    };
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
