import type { Algorithm } from './algorithm.ts';
import type { Hash64 } from './hash64.ts';
import { kargerRing } from './karger-ring.ts';
import { type Member, weightOf } from './member.ts';
import { HashParts, type Parts } from './parts.ts';
import type { Placement } from './placement.ts';
import type { BoundedRingPolicy } from './policy.ts';
import type { Steps } from './steps.ts';

const PARTITIONS_PER_STEP = 1024;

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
  ring: Placement,
  policy: BoundedRingPolicy,
  hash64: Hash64,
): Steps<Partitions> {
  const starts = startsOf(policy.partitions, hash64);
  yield;
  const owners = yield* dealOut(ring, starts, capsOf(members, policy));
  return new Partitions(ring, starts, owners);
}

class Partitions implements Placement {
  readonly size: number;
  readonly ring: Placement;
  private readonly partitions: number;
  private readonly owners: Int32Array;
  private readonly starts: Uint32Array;

  constructor(ring: Placement, starts: Uint32Array, owners: Int32Array) {
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

  parts(): Parts {
    const parts = new HashParts(this.partitions);
    this.owners.forEach((owner, partition) => {
      parts.add(Math.ceil(((partition + 1) * 2 ** 32) / this.partitions) - 1, 0xffffffff, owner);
    });
    return parts.parts();
  }

  private partitionOf(high: number): number {
    return Math.floor((high * this.partitions) / 2 ** 32);
  }
}

/** Where each partition begins its walk: the halves of its hash, one behind the other. */
function startsOf(partitions: number, hash64: Hash64): Uint32Array {
  const starts = new Uint32Array(2 * partitions);
  for (let partition = 0; partition < partitions; partition++) {
    hash64(String(partition), starts.subarray(2 * partition, 2 * partition + 2));
  }
  return starts;
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

function* dealOut(ring: Placement, starts: Uint32Array, caps: readonly number[]): Steps<Int32Array> {
  const owners = new Int32Array(starts.length / 2).fill(-1);
  const free = [...caps];
  for (let partition = 0; partition < owners.length; partition++) {
    ring.walk(starts[2 * partition] ?? 0, starts[2 * partition + 1] ?? 0, (member) => {
      const left = free[member] ?? 0;
      if (left <= 0) return true;
      free[member] = left - 1;
      owners[partition] = member;
      return false;
    });
    if (partition % PARTITIONS_PER_STEP === 0) yield;
  }
  return owners;
}
