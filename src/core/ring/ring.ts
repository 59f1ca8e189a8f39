import type { Algorithm } from './algorithm.ts';
import { digestText } from './digest.ts';
import { type Hash64, hexHash } from './hash64.ts';
import { type Member, weightOf } from './member.ts';
import type { Placement } from './placement.ts';
import type { RingPolicy } from './policy.ts';

/** Most sets of available members whose placements a ring keeps, where skipping is not enough. */
const MAX_SUBSETS = 4;

/** Whether a member may be answered now; must not depend on the key. */
type IsAvailable<M> = (member: M) => boolean;

/**
 * An immutable assignment of keys to members: a pure function of policy and member list.
 *
 * A lookup among available members answers exactly what a ring without the others would: by passing over them
 * where that is the same, else by placing the available ones anew, kept for a few sets of them. Keys are strings of any length and content; they are hashed as UTF-8, a lone
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
  private readonly all: Placed<M>;
  private readonly algorithm: Algorithm;
  private readonly keyHash: Hash64;
  private readonly subsets = new Map<string, Placed<M>>();
  private readonly halves = new Uint32Array(2);

  /** `members` in canonical order; `hash64` is for the digest. */
  constructor(policy: RingPolicy, members: readonly M[], algorithm: Algorithm, hash64: Hash64) {
    this.policy = policy;
    this.members = members;
    this.algorithm = algorithm;
    this.keyHash = algorithm.keyHash;
    this.all = placed(algorithm, members);
    this.size = this.all.placement.size;
    this.digest = hexHash(hash64, digestText(policy, members, hash64));
  }

  /** Position of a key on the circle, as 16 hex digits; algorithms of 32 bits use the first 8. */
  hash(key: string): string {
    return hexHash(this.keyHash, key);
  }

  /** The first available member for a key; undefined when there is none. */
  owner(key: string, isAvailable?: IsAvailable<M>): M | undefined {
    const { halves } = this;
    this.keyHash(key, halves);
    if (isAvailable !== undefined && !this.algorithm.skipEqualsRebuild) {
      return this.list(halves[0] ?? 0, halves[1] ?? 0, 1, isAvailable)[0];
    }
    const owner = this.members[this.all.placement.owner(halves[0] ?? 0, halves[1] ?? 0)];
    if (owner === undefined || isAvailable === undefined || isAvailable(owner)) return owner;
    return this.preferenceList(key, 1, isAvailable)[0];
  }

  /**
   * The first `count` distinct available members for a key, owner first.
   *
   * Shorter when fewer are available or have a place. A longer list begins with the shorter one. `count` is an
   * integer of 0 or more, else a `RangeError`. Asks `isAvailable` at most once per member.
   */
  preferenceList(key: string, count: number, isAvailable?: IsAvailable<M>): M[] {
    checkCount(count);
    this.keyHash(key, this.halves);
    return this.list(this.halves[0] ?? 0, this.halves[1] ?? 0, count, isAvailable);
  }

  /** `preferenceList` of a key of which only the `hash` is known: 16 hex digits, else a `RangeError`. */
  preferenceListAt(hash: string, count: number, isAvailable?: IsAvailable<M>): M[] {
    checkCount(count);
    if (!/^[0-9a-f]{16}$/i.test(hash)) throw new RangeError(`hash must be 16 hex digits, not "${hash}"`);
    const [high, low] = [hash.slice(0, 8), hash.slice(8)].map((half) => Number.parseInt(half, 16));
    return this.list(high ?? 0, low ?? 0, count, isAvailable);
  }

  private list(high: number, low: number, count: number, isAvailable?: IsAvailable<M>): M[] {
    if (count === 0) return [];
    if (isAvailable === undefined || this.algorithm.skipEqualsRebuild) {
      return walk(this.all, high, low, count, isAvailable);
    }
    return walk(this.subset(isAvailable), high, low, count);
  }

  /** The available members placed as if there were no others. */
  private subset(isAvailable: IsAvailable<M>): Placed<M> {
    const available = this.members.map((member) => isAvailable(member));
    if (!available.includes(false)) return this.all;
    const name = available.map((one) => (one ? '1' : '0')).join('');
    const kept = this.subsets.get(name);
    if (kept !== undefined) return kept;
    const members = this.members.filter((_, index) => available[index]);
    const built = placed(this.algorithm, members);
    const [oldest] = this.subsets.keys();
    if (oldest !== undefined && this.subsets.size >= MAX_SUBSETS) this.subsets.delete(oldest);
    this.subsets.set(name, built);
    return built;
  }
}

/** Some of the members of a ring, where they are. */
interface Placed<M> {
  readonly members: readonly M[];
  readonly placement: Placement;
  /** How many of them have weight. */
  readonly weighted: number;
}

function placed<M extends Member>(algorithm: Algorithm, members: readonly M[]): Placed<M> {
  const weighted = members.filter((member) => weightOf(member) > 0).length;
  return { members, placement: algorithm.place(members), weighted };
}

function walk<M>(
  { members, placement, weighted }: Placed<M>,
  high: number,
  low: number,
  count: number,
  isAvailable?: IsAvailable<M>,
): M[] {
  const list: M[] = [];
  const seen = new Set<number>();
  placement.walk(high, low, (index) => {
    if (seen.has(index)) return true;
    seen.add(index);
    const member = members[index];
    if (member !== undefined && (isAvailable === undefined || isAvailable(member))) list.push(member);
    return list.length < count && seen.size < weighted;
  });
  return list;
}

function checkCount(count: number): void {
  if (!Number.isInteger(count) || count < 0) {
    throw new RangeError(`count must be an integer of 0 or more, not ${count}`);
  }
}
