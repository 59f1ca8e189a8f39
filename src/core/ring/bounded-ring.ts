import type { Algorithm } from './algorithm.ts';
import type { Circle } from './circle.ts';
import type { Hash64 } from './hash64.ts';
import { kargerRing } from './karger-ring.ts';
import { type Member, weightOf } from './member.ts';
import { numberedPoints } from './numbered-points.ts';
import { HashParts, type Parts } from './parts.ts';
import type { Placement } from './placement.ts';
import type { BoundedRingPolicy } from './policy.ts';
import { HASH_UNITS, Pace, type Steps } from './steps.ts';

/**
 * The default ring with a bound on what a member owns: a partition of the keys goes to the first member that is not full.
 *
 * Partitions are equal parts of the hashes, dealt out in the order of their numbers; partition p starts its walk at the
 * hash of p in decimal. A member is full at `maxLoadPercent` of its proportional share, rounded up. Source: Mirrokni,
 * Thorup and Zadimoghaddam, "Consistent Hashing with Bounded Loads" (2016), with partitions for balls.
 */
export function boundedRing(policy: BoundedRingPolicy, hash64: Hash64): Algorithm {
  const ring = kargerRing(policy.pointsPerWeight, hash64);
  return {
    keyHash: hash64,
    keyHashName: 'xxh64',
    // One that leaves makes room to fill for all the others.
    skipEqualsRebuild: false,
    *place(members) {
      return yield* partitions(members, yield* ring.place(members), policy, hash64);
    },
    *change(placement, change) {
      const circle = placement instanceof Partitions ? placement.ring : placement;
      return yield* partitions(change.after, yield* ring.change(circle, change), policy, hash64);
    },
  };
}

function* partitions(
  members: readonly Member[],
  ring: Circle,
  policy: BoundedRingPolicy,
  hash64: Hash64,
): Steps<Partitions> {
  const pace = new Pace();
  // Where each partition begins its walk: the halves of its hash.
  const starts = yield* numberedPoints('', policy.partitions, hash64, pace);
  const owners = yield* dealOut(ring, starts, capsOf(members, policy), pace);
  return new Partitions(ring, starts, owners);
}

class Partitions implements Placement {
  readonly size: number;
  readonly ring: Circle;
  private readonly partitions: number;
  private readonly owners: Int32Array;
  private readonly starts: Uint32Array;

  constructor(ring: Circle, starts: Uint32Array, owners: Int32Array) {
    this.ring = ring;
    this.size = ring.size;
    this.partitions = owners.length;
    this.starts = starts;
    this.owners = owners;
  }

  owner(high: number): number {
    return this.owners[this.partitionOf(high)] ?? -1;
  }

  /** The owner, then the members that the walk of its partition meets. */
  walk(high: number, _low: number, visit: (member: number) => boolean): void {
    const partition = this.partitionOf(high);
    const owner = this.owners[partition] ?? -1;
    if (owner < 0 || !visit(owner)) return;
    this.ring.walk(this.starts[2 * partition] ?? 0, this.starts[2 * partition + 1] ?? 0, visit);
  }

  *parts(): Iterable<Parts> {
    const parts = new HashParts();
    for (const [partition, owner] of this.owners.entries()) {
      parts.add(Math.ceil(((partition + 1) * 2 ** 32) / this.partitions) - 1, 0xffffffff, owner);
      if (parts.isFull) yield parts.take();
    }
    yield parts.take();
  }

  private partitionOf(high: number): number {
    return Math.floor((high * this.partitions) / 2 ** 32);
  }
}

/** Whole numbers throughout, so that every language rounds alike; weights and partitions stay far below 2^53. */
function capsOf(members: readonly Member[], { partitions, maxLoadPercent }: BoundedRingPolicy): number[] {
  const total = members.reduce((sum, member) => sum + weightOf(member), 0);
  return members.map((member) => {
    const share = weightOf(member) * partitions;
    const whole = Math.floor(share / total);
    const over = (share % total) * maxLoadPercent + ((whole * maxLoadPercent) % 100) * total;
    return Math.floor((whole * maxLoadPercent) / 100) + Math.ceil(over / (100 * total));
  });
}

function* dealOut(ring: Circle, starts: Uint32Array, caps: readonly number[], pace: Pace): Steps<Int32Array> {
  const owners = new Int32Array(starts.length / 2).fill(-1);
  const free = [...caps];
  for (let partition = 0; partition < owners.length; partition++) {
    const start = ring.firstNotBefore(starts[2 * partition] ?? 0, starts[2 * partition + 1] ?? 0);
    for (let step = 0; step < ring.size; step++) {
      if (pace.isDue(1)) yield;
      const member = ring.ownerAt((start + step) % ring.size);
      const left = free[member] ?? 0;
      if (left <= 0) continue;
      free[member] = left - 1;
      owners[partition] = member;
      break;
    }
    if (pace.isDue(HASH_UNITS)) yield;
  }
  return owners;
}
