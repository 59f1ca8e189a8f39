import { sortSteps } from './sort-steps.ts';
import type { Pace, Steps } from './steps.ts';

/** Pieces that get their memory together. */
const CHUNK_BITS = 12;
/** What looking at a piece costs: they are strewn over memory. */
const PIECE_UNITS = 2;
/** Flows beyond those that are wanted that are kept until they are sorted. */
const SORTED_TOGETHER = 8192;

interface Chunk {
  /** The piece of the same giver that was added before; -1 for none. */
  readonly previous: Int32Array;
  readonly to: Int32Array;
  readonly share: Float64Array;
}

/** Shares by giver and taker, as indexes; -1 is nobody. */
export interface IndexedFlow {
  readonly from: number;
  readonly to: number;
  readonly share: number;
}

/**
 * Sums up what moves from whom to whom.
 *
 * A ring of 10,000 members compared with another moves millions of pieces, most of them between a pair of their own:
 * so they are kept in lists by giver, and not in a table that is built anew as it grows.
 */
export class Flows {
  private readonly chunks: Chunk[] = [];
  /** The last piece of each giver, of nobody first. */
  private readonly last: Int32Array;
  private readonly takers: number;
  private length = 0;

  constructor(givers: number, takers: number) {
    this.last = new Int32Array(givers + 1).fill(-1);
    this.takers = takers;
  }

  add(from: number, to: number, share: number): void {
    const at = this.length++;
    const chunk = (this.chunks[at >> CHUNK_BITS] ??= newChunk());
    const slot = at & (2 ** CHUNK_BITS - 1);
    chunk.previous[slot] = this.last[from + 1] ?? -1;
    chunk.to[slot] = to;
    chunk.share[slot] = share;
    this.last[from + 1] = at;
  }

  /** The `most` largest flows, the largest first, and how many others there are; each pair counts once. */
  *largest(most: number, pace: Pace): Steps<{ readonly flows: IndexedFlow[]; readonly leftOut: number }> {
    const sums = new Float64Array(this.takers + 1);
    let kept: IndexedFlow[] = [];
    let count = 0;
    // Smaller ones are only counted.
    let least = 0;
    for (let giver = 0; giver < this.last.length; giver++) {
      for (const taker of yield* this.sumUp(giver, sums, pace)) {
        const share = sums[taker] ?? 0;
        if (share > least) kept.push({ from: giver - 1, to: taker - 1, share });
        sums[taker] = 0;
        count++;
        if (pace.isDue(PIECE_UNITS)) yield;
      }
      if (kept.length > most + SORTED_TOGETHER) {
        kept = (yield* sortSteps(kept, largerFirst)).slice(0, most);
        least = kept.at(-1)?.share ?? least;
      }
      if (pace.isDue(1)) yield;
    }
    const flows = (yield* sortSteps(kept, largerFirst)).slice(0, most);
    return { flows, leftOut: count - flows.length };
  }

  /** Sums up one giver's pieces by taker, and answers the takers. */
  private *sumUp(giver: number, sums: Float64Array, pace: Pace): Steps<number[]> {
    const takers: number[] = [];
    for (let at = this.last[giver] ?? -1; at >= 0;) {
      const chunk = this.chunks[at >> CHUNK_BITS];
      const slot = at & (2 ** CHUNK_BITS - 1);
      const taker = (chunk?.to[slot] ?? -1) + 1;
      const sum = sums[taker] ?? 0;
      // No piece is empty, so a sum is 0 but once.
      if (sum === 0) takers.push(taker);
      sums[taker] = sum + (chunk?.share[slot] ?? 0);
      at = chunk?.previous[slot] ?? -1;
      if (pace.isDue(PIECE_UNITS)) yield;
    }
    return takers;
  }
}

function largerFirst(a: IndexedFlow, b: IndexedFlow): number {
  return b.share - a.share;
}

function newChunk(): Chunk {
  const size = 2 ** CHUNK_BITS;
  return { previous: new Int32Array(size), to: new Int32Array(size), share: new Float64Array(size) };
}
