import { type Algorithm, checkPointCount } from './algorithm.ts';
import type { Hashes } from './hashes.ts';
import { type Member, weightOf } from './member.ts';
import { type Parts, PARTS_AT_A_TIME } from './parts.ts';
import type { Placement } from './placement.ts';
import { HASH_UNITS, Pace, type Steps } from './steps.ts';

/** What looking at an entry of the table costs: it may be anywhere in memory. */
const CLAIM_UNITS = 1;

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

  *parts(): Iterable<Parts> {
    const { table } = this;
    for (let start = 0; start === 0 || start < table.length; start += PARTS_AT_A_TIME) {
      const owner = table.subarray(start, start + PARTS_AT_A_TIME);
      const high = Uint32Array.from(owner, (_, index) => start + index);
      yield { unit: 'slot', total: table.length, high, low: new Uint32Array(owner.length), owner };
    }
  }

  private slot(high: number, low: number): number {
    return this.size === 0 ? 0 : remainder(high, low, this.size);
  }
}

/** Of a 64-bit number; `divisor` below 2^23 keeps every step exact. */
function remainder(high: number, low: number, divisor: number): number {
  return ((high % divisor) * (2 ** 32 % divisor) + (low % divisor)) % divisor;
}

/** A place in a permutation, of all members that have the same one: what lies before it has been claimed. */
interface Cursor {
  next: number;
  readonly skip: number;
}

interface Claimant {
  readonly member: number;
  readonly share: number;
  readonly cursor: Cursor;
  target: number;
}

function* fillTable(members: readonly Member[], tableSize: number, hashes: Hashes): Steps<Int32Array> {
  const pace = new Pace();
  const claimants = yield* claimantsOf(members, tableSize, hashes, pace);
  checkPointCount(claimants.length);
  const greatest = claimants.reduce((most, { share }) => Math.max(most, share), 0);
  const table = new Int32Array(claimants.length === 0 ? 0 : tableSize).fill(-1);
  const turns = new Turns(claimants);
  for (let free = table.length; free > 0; free--) {
    const claimant = turns.next();
    const { cursor } = claimant;
    for (; table[cursor.next] !== -1; cursor.next = (cursor.next + cursor.skip) % tableSize)
      if (pace.isDue(CLAIM_UNITS)) yield;
    table[cursor.next] = claimant.member;
    claimant.target += greatest;
    turns.add(claimant);
    if (pace.isDue(2 * CLAIM_UNITS)) yield;
  }
  return table;
}

/**
 * Who claims next: in each turn, from the first on, the claimants whose share times the turn is up to their target, in
 * the order of members.
 *
 * Those that sit out a turn are not asked: with uneven weights they are nearly all, nearly always.
 */
class Turns {
  private readonly byTurn = new Map<number, Claimant[]>();
  private turn = 1;
  private queue: Claimant[];
  private at = 0;

  constructor(claimants: readonly Claimant[]) {
    this.queue = [...claimants];
  }

  next(): Claimant {
    for (;;) {
      const claimant = this.queue[this.at++];
      if (claimant !== undefined) return claimant;
      this.turn++;
      this.at = 0;
      // Those of one turn were added turn by turn, each time in order.
      this.queue = (this.byTurn.get(this.turn) ?? []).sort((a, b) => a.member - b.member);
      this.byTurn.delete(this.turn);
    }
  }

  /** Has it claim again when its turn comes. */
  add(claimant: Claimant): void {
    const { share, target } = claimant;
    // The quotient is rounded, but the product is what decides.
    let turn = Math.max(this.turn + 1, Math.floor(target / share) - 1);
    while (turn * share < target) turn++;
    const others = this.byTurn.get(turn);
    if (others === undefined) this.byTurn.set(turn, [claimant]);
    else others.push(claimant);
  }
}

function* claimantsOf(
  members: readonly Member[],
  tableSize: number,
  hashes: Hashes,
  pace: Pace,
): Steps<Claimant[]> {
  const total = members.reduce((sum, member) => sum + weightOf(member), 0);
  const halves = new Uint32Array(2);
  const cursors = new Map<number, Cursor>();
  const claimants: Claimant[] = [];
  for (const [index, member] of members.entries()) {
    if (pace.isDue(4 * HASH_UNITS)) yield;
    if (weightOf(member) === 0) continue;
    hashes.xxh64(member.hashKey, halves);
    const next = remainder(halves[0] ?? 0, halves[1] ?? 0, tableSize);
    hashes.xxh64Seed1(member.hashKey, halves);
    const skip = remainder(halves[0] ?? 0, halves[1] ?? 0, tableSize - 1) + 1;
    const permutation = next * tableSize + skip;
    const cursor = cursors.get(permutation) ?? { next, skip };
    cursors.set(permutation, cursor);
    claimants.push({ member: index, share: weightOf(member) / total, cursor, target: 0 });
  }
  return claimants;
}
