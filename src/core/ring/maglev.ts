import { type Algorithm, checkPointCount } from './algorithm.ts';
import type { Hashes } from './hashes.ts';
import { type Member, weightOf } from './member.ts';
import type { Parts } from './parts.ts';
import type { Placement } from './placement.ts';
import type { Steps } from './steps.ts';

const CLAIMS_PER_STEP = 16_384;

/**
 * Maglev: every member claims entries of a table in the order of its own permutation, in turns by weight.
 *
 * The flattest shares of all, one memory access per lookup; a member that leaves moves a few keys of others.
 * Sources: Eisenbud et al., "Maglev: A Fast and Reliable Software Network Load Balancer" (NSDI 2016); hashes,
 * weights and ties as in Envoy's maglev_lb.cc.
 */
export function maglev(tableSize: number, hashes: Hashes): Algorithm {
  return {
    keyHash: hashes.xxh64,
    keyHashName: 'xxh64',
    skipEqualsRebuild: false,
    *place(members) {
      return new MaglevTable(yield* fillTable(members, tableSize, hashes));
    },
  };
}

class MaglevTable implements Placement {
  readonly size: number;
  private readonly table: Int32Array;

  constructor(table: Int32Array) {
    this.table = table;
    this.size = table.length;
  }

  owner(high: number, low: number): number {
    return this.table[this.slot(high, low)] ?? -1;
  }

  walk(high: number, low: number, visit: (member: number) => boolean): void {
    const start = this.slot(high, low);
    for (let step = 0; step < this.size; step++) {
      if (!visit(this.table[(start + step) % this.size] ?? -1)) return;
    }
  }

  parts(): Parts {
    const { table } = this;
    const high = Uint32Array.from(table.keys());
    return { unit: 'slot', total: table.length, high, low: new Uint32Array(table.length), owner: table };
  }

  private slot(high: number, low: number): number {
    return this.size === 0 ? 0 : remainder(high, low, this.size);
  }
}

/** Of a 64-bit number; `divisor` below 2^23 keeps every step exact. */
function remainder(high: number, low: number, divisor: number): number {
  return ((high % divisor) * (2 ** 32 % divisor) + (low % divisor)) % divisor;
}

function* fillTable(members: readonly Member[], tableSize: number, hashes: Hashes): Steps<Int32Array> {
  const claims = claimsOf(members, tableSize, hashes);
  checkPointCount(claims.length);
  const greatest = claims.reduce((most, { share }) => Math.max(most, share), 0);
  const table = new Int32Array(claims.length === 0 ? 0 : tableSize).fill(-1);
  let free = table.length;
  for (let turn = 1; free > 0; turn++) {
    for (const claim of claims) {
      if (free === 0) break;
      if (turn * claim.share < claim.target) continue;
      claim.target += greatest;
      while (table[claim.next] !== -1) claim.next = (claim.next + claim.skip) % tableSize;
      table[claim.next] = claim.member;
      free--;
      if (free % CLAIMS_PER_STEP === 0) yield;
    }
  }
  return table;
}

function claimsOf(members: readonly Member[], tableSize: number, hashes: Hashes) {
  const total = members.reduce((sum, member) => sum + weightOf(member), 0);
  const halves = new Uint32Array(2);
  return members.flatMap((member, index) => {
    if (weightOf(member) === 0) return [];
    hashes.xxh64(member.hashKey, halves);
    const next = remainder(halves[0] ?? 0, halves[1] ?? 0, tableSize);
    hashes.xxh64Seed1(member.hashKey, halves);
    const skip = remainder(halves[0] ?? 0, halves[1] ?? 0, tableSize - 1) + 1;
    return [{ member: index, share: weightOf(member) / total, target: 0, next, skip }];
  });
}
