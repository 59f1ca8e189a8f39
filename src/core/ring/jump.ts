import type { Algorithm } from './algorithm.ts';
import type { Hash64 } from './hash64.ts';
import { multiply64 } from './int64.ts';
import { type Member, weightOf } from './member.ts';
import type { Placement } from './placement.ts';

/** 2862933555777941757, the multiplier of a linear congruential generator. */
const FACTOR_HIGH = 0x27bb2ee6;
const FACTOR_LOW = 0x87b0b0fd;

/**
 * Jump consistent hash, for shards numbered 0 to n - 1 of which only the last may leave.
 *
 * Needs no memory and splits evenly. Members count by their hash key where it is a decimal number, others follow
 * in canonical order; any weight but 0 counts as 1. Source: Lamping and Veach, "A Fast, Minimal Memory,
 * Consistent Hash Algorithm" (2014).
 */
export function jump(hash64: Hash64): Algorithm {
  return {
    keyHash: hash64,
    keyHashName: 'xxh64',
    // The shards behind one that leaves are numbered anew.
    skipEqualsRebuild: false,
    *place(members) {
      yield;
      return new Shards(members);
    },
  };
}

/** The bucket of 0..`buckets` - 1 that a 64-bit key belongs to; -1 when there is none. */
export function jumpBucket(high: number, low: number, buckets: number): number {
  const state = Uint32Array.of(high, low);
  let bucket = -1;
  let next = 0;
  while (next < buckets) {
    bucket = next;
    multiply64(state[0] ?? 0, state[1] ?? 0, FACTOR_HIGH, FACTOR_LOW, state);
    state[1] = (state[1] ?? 0) + 1;
    if (state[1] === 0) state[0] = (state[0] ?? 0) + 1;
    next = Math.floor((bucket + 1) * (2 ** 31 / (((state[0] ?? 0) >>> 1) + 1)));
  }
  return bucket;
}

class Shards implements Placement {
  readonly size: number;
  private readonly order: readonly number[];

  constructor(members: readonly Member[]) {
    this.order = numberedFirst(members);
    this.size = this.order.length;
  }

  owner(high: number, low: number): number {
    return this.order[jumpBucket(high, low, this.size)] ?? -1;
  }

  /** The owner's shard, then the ones numbered after it. */
  walk(high: number, low: number, visit: (member: number) => boolean): void {
    const start = jumpBucket(high, low, this.size);
    for (let step = 0; step < this.size; step++) {
      if (!visit(this.order[(start + step) % this.size] ?? -1)) return;
    }
  }

  parts(): undefined {
    return undefined;
  }
}

function numberedFirst(members: readonly Member[]): number[] {
  const numbered = members.flatMap((member, index) => {
    if (weightOf(member) === 0) return [];
    return [{ index, shard: /^\d{1,15}$/.test(member.hashKey) ? Number(member.hashKey) : 2 ** 53 }];
  });
  return numbered.sort((a, b) => a.shard - b.shard || a.index - b.index).map(({ index }) => index);
}
