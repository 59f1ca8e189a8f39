import { digestText } from './digest.ts';
import { type Hash64, hexHash } from './hash64.ts';
import { type Member, weightOf } from './member.ts';
import type { Placement } from './placement.ts';
import type { RingPolicy } from './policy.ts';

/** Whether a member may be answered now; must not depend on the key. */
type IsAvailable<M> = (member: M) => boolean;

/**
 * An immutable assignment of keys to members: a pure function of policy and member list.
 *
 * Health is an overlay: a lookup passes over members that `isAvailable` refuses, which answers exactly what
 * a ring without them would. Keys are strings of any length and content; they are hashed as UTF-8, a lone
 * surrogate as U+FFFD.
 */
export class Ring<M extends Member = Member> {
  readonly policy: RingPolicy;
  /** By hash key, then id, in the order of their UTF-8 bytes; members of weight 0 included. */
  readonly members: readonly M[];
  /** Number of points. */
  readonly size: number;
  /** 16 hex digits; equal digests mean equal policy and members, so equal placement. See `digestText`. */
  readonly digest: string;
  private readonly placement: Placement;
  private readonly hash64: Hash64;
  private readonly placedMembers: number;
  private readonly halves = new Uint32Array(2);

  /** `members` in canonical order; `placement` made of them in that order. */
  constructor(policy: RingPolicy, members: readonly M[], placement: Placement, hash64: Hash64) {
    this.policy = policy;
    this.members = members;
    this.size = placement.size;
    this.digest = hexHash(hash64, digestText(policy, members, hash64));
    this.placement = placement;
    this.hash64 = hash64;
    this.placedMembers = members.filter((member) => weightOf(member) > 0).length;
  }

  /** Position of a key on the circle, as 16 hex digits. */
  hash(key: string): string {
    return hexHash(this.hash64, key);
  }

  /** The first available member for a key; undefined when there is none. */
  owner(key: string, isAvailable?: IsAvailable<M>): M | undefined {
    const { halves } = this;
    this.hash64(key, halves);
    const owner = this.members[this.placement.owner(halves[0] ?? 0, halves[1] ?? 0)];
    if (owner === undefined || isAvailable === undefined || isAvailable(owner)) return owner;
    return this.preferenceList(key, 1, isAvailable)[0];
  }

  /**
   * The first `count` distinct available members for a key, owner first.
   *
   * Shorter when fewer are available. A longer list begins with the shorter one. `count` is an integer of 0 or
   * more, else a `RangeError`. Asks `isAvailable` at most once per member.
   */
  preferenceList(key: string, count: number, isAvailable?: IsAvailable<M>): M[] {
    checkCount(count);
    this.hash64(key, this.halves);
    return this.walk(this.halves[0] ?? 0, this.halves[1] ?? 0, count, isAvailable);
  }

  /** `preferenceList` of a key of which only the `hash` is known: 16 hex digits, else a `RangeError`. */
  preferenceListAt(hash: string, count: number, isAvailable?: IsAvailable<M>): M[] {
    checkCount(count);
    if (!/^[0-9a-f]{16}$/i.test(hash)) throw new RangeError(`hash must be 16 hex digits, not "${hash}"`);
    const [high, low] = [hash.slice(0, 8), hash.slice(8)].map((half) => Number.parseInt(half, 16));
    return this.walk(high ?? 0, low ?? 0, count, isAvailable);
  }

  private walk(high: number, low: number, count: number, isAvailable?: IsAvailable<M>): M[] {
    const list: M[] = [];
    if (count === 0) return list;
    const seen = new Set<number>();
    this.placement.walk(high, low, (index) => {
      if (seen.has(index)) return true;
      seen.add(index);
      const member = this.members[index];
      if (member !== undefined && (isAvailable === undefined || isAvailable(member))) list.push(member);
      return list.length < count && seen.size < this.placedMembers;
    });
    return list;
  }
}

function checkCount(count: number): void {
  if (!Number.isInteger(count) || count < 0) {
    throw new RangeError(`count must be an integer of 0 or more, not ${count}`);
  }
}
