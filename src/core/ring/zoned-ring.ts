import type { IsAvailable } from './placed.ts';
import type { Member } from './member.ts';
import type { KeyOrHash, Ring } from './ring.ts';

export interface ZoneOptions<M> {
  /** Members of this zone come first, in the order of the preference list; others follow when they run out. */
  readonly localZone?: string;
  readonly isAvailable?: IsAvailable<M>;
}

/**
 * Preference lists of a ring that spread over zones: the first member of each zone, then the second of each.
 *
 * Within such a round members keep the order of the ring's own list, so without a local zone the owner stays first
 * and a longer list begins with the shorter one.
 */
export class ZonedRing<M extends Member = Member> {
  readonly ring: Ring<M>;
  private readonly zoneOf: (member: M) => string;
  /** How many members with weight each zone has. */
  private readonly sizes = new Map<string, number>();

  /** `zoneOf` must always answer the same for a member. */
  constructor(ring: Ring<M>, zoneOf: (member: M) => string) {
    this.ring = ring;
    this.zoneOf = zoneOf;
    for (const member of ring.members) {
      const zone = zoneOf(member);
      if (member.weight !== 0) this.sizes.set(zone, (this.sizes.get(zone) ?? 0) + 1);
    }
  }

  /** The first `count` distinct available members for a key; `count` is an integer of 0 or more, else a `RangeError`. */
  preferenceList(key: KeyOrHash, count: number, { localZone, isAvailable }: ZoneOptions<M> = {}): M[] {
    if (!Number.isInteger(count) || count < 0) {
      throw new RangeError(`count must be an integer of 0 or more, not ${count}`);
    }
    if (count === 0) return [];
    const rounds = new Rounds<M>(this.sizes, localZone);
    this.ring.visit(key, (member) => rounds.add(member, this.zoneOf(member)) < count, isAvailable);
    return rounds.members().slice(0, count);
  }
}

/** Members by round, round 0 being that of the local zone. */
class Rounds<M> {
  private readonly sizes: ReadonlyMap<string, number>;
  private readonly localZone: string | undefined;
  private readonly taken = new Map<string, number>();
  private readonly rounds: M[][] = [[]];
  /** The first round that may still grow; what stands before it and in it is in its place. */
  private open = 0;
  private settled = 0;

  constructor(sizes: ReadonlyMap<string, number>, localZone: string | undefined) {
    this.sizes = sizes;
    this.localZone = localZone;
    this.close();
  }

  /** How many members are in their place for good. */
  add(member: M, zone: string): number {
    const before = this.taken.get(zone) ?? 0;
    this.taken.set(zone, before + 1);
    const round = zone === this.localZone ? 0 : before + 1;
    (this.rounds[round] ??= []).push(member);
    this.close();
    return this.settled + (this.rounds[this.open]?.length ?? 0);
  }

  members(): M[] {
    return this.rounds.flat();
  }

  private close(): void {
    for (; this.open < this.rounds.length; this.open++) {
      const length = this.rounds[this.open]?.length ?? 0;
      if (length < this.whole(this.open)) return;
      this.settled += length;
    }
  }

  /** How many members a round has at most. */
  private whole(round: number): number {
    if (round === 0) return this.localZone === undefined ? 0 : (this.sizes.get(this.localZone) ?? 0);
    return [...this.sizes].filter(([zone, size]) => zone !== this.localZone && size >= round).length;
  }
}
