import { type Algorithm, MAX_POINTS } from './algorithm.ts';
import { changedLines, digestLines, digestOf } from './digest.ts';
import { type Hash64, hexHash, parseHash } from './hash64.ts';
import type { Member } from './member.ts';
import { changeMembers, type RingChange } from './member-change.ts';
import { joinParts, type Parts } from './parts.ts';
import { changePlaced, type IsAvailable, placeMembers, type Placed, visitMembers } from './placed.ts';
import type { RingPolicy } from './policy.ts';
import { finish, type Steps } from './steps.ts';

/** Most sets of available members whose placements a ring keeps, where skipping is not enough. */
const MAX_SUBSETS = 4;
/** Most keys of one batch. */
const MAX_BATCH = 10_000;

const HASHED_TOGETHER = 128;

/** A key, or its position where the key itself is not known: 16 hex digits, else a `RangeError`. */
export type KeyOrHash = string | { readonly hash: string };

/** What a ring is made of, and what the next one is made from. */
interface Makings<M> {
  readonly policy: RingPolicy;
  readonly algorithm: Algorithm;
  readonly placed: Placed<M>;
  /** Of the digest. */
  readonly lines: readonly string[];
  readonly digest: string;
  /** For the digest. */
  readonly hash64: Hash64;
}

/** The ring of members that are in canonical order. */
export function* ringOf<M extends Member>(
  policy: RingPolicy,
  members: readonly M[],
  algorithm: Algorithm,
  hash64: Hash64,
): Steps<Ring<M>> {
  checkMemberCount(members);
  const placed = yield* placeMembers(algorithm, members);
  const lines = yield* digestLines(members, hash64);
  const digest = yield* digestOf(policy, lines);
  return new Ring({ policy, algorithm, placed, lines, digest, hash64 });
}

function checkMemberCount(members: readonly Member[]): void {
  if (members.length > MAX_POINTS) throw new RangeError(`a ring has at most ${MAX_POINTS} members`);
}

/**
 * An immutable assignment of keys to members: a pure function of policy and member list.
 *
 * A lookup among available members answers exactly what a ring without the others would: by passing over them
 * where that is the same, else by placing the available ones anew, kept for a few sets of them. Keys are strings
 * of any length and content; they are hashed as UTF-8, a lone surrogate as U+FFFD.
 */
export class Ring<M extends Member = Member> {
  readonly policy: RingPolicy;
  /** By hash key, then id, in the order of their UTF-8 bytes; members of weight 0 included. */
  readonly members: readonly M[];
  /** Number of points. */
  readonly size: number;
  /** 16 hex digits; equal digests mean equal policy and members, so equal placement. See `digestText`. */
  readonly digest: string;
  /** Names the hash function of keys; rings with equal names place a key at one position. */
  readonly keyHashName: string;
  private readonly makings: Makings<M>;
  private readonly all: Placed<M>;
  private readonly algorithm: Algorithm;
  private readonly keyHash: Hash64;
  private readonly subsets = new Map<string, Placed<M>>();
  private readonly halves = new Uint32Array(2);
  private readonly batch = new Uint32Array(2 * HASHED_TOGETHER);

  constructor(makings: Makings<M>) {
    const { policy, algorithm, placed, digest } = makings;
    this.makings = makings;
    this.policy = policy;
    this.members = placed.members;
    this.algorithm = algorithm;
    this.keyHash = algorithm.keyHash;
    this.keyHashName = algorithm.keyHashName;
    this.all = placed;
    this.size = placed.placement.size;
    this.digest = digest;
  }

  /** Whether a lookup among available members passes over the others; if not, it needs a placement without them. */
  get skipsUnavailable(): boolean {
    return this.algorithm.skipEqualsRebuild;
  }

  /** Position of a key on the circle, as 16 hex digits; algorithms of 32 bits use the first 8. */
  hash(key: string): string {
    return hexHash(this.keyHash, key);
  }

  /** The first available member for a key; undefined when there is none. */
  owner(key: string, isAvailable?: IsAvailable<M>): M | undefined {
    if (isAvailable !== undefined && !this.algorithm.skipEqualsRebuild) {
      return this.preferenceList(key, 1, isAvailable)[0];
    }
    const { halves } = this;
    this.keyHash(key, halves);
    const owner = this.members[this.all.placement.owner(halves[0] ?? 0, halves[1] ?? 0)];
    if (owner === undefined || isAvailable === undefined || isAvailable(owner)) return owner;
    return this.preferenceList(key, 1, isAvailable)[0];
  }

  /**
   * Indexes in `members` of the owners of up to 10,000 keys, more are a `RangeError`; -1 where there is none.
   *
   * Asks `isAvailable` once per member.
   */
  owners(keys: readonly string[], isAvailable?: IsAvailable<M>): Int32Array {
    if (keys.length > MAX_BATCH) throw new RangeError(`at most ${MAX_BATCH} keys, not ${keys.length}`);
    const owners = new Int32Array(keys.length);
    if (isAvailable !== undefined) {
      this.availableOwners(keys, isAvailable, owners);
      return owners;
    }
    for (let start = 0; start < keys.length; start += HASHED_TOGETHER) {
      this.someOwners(keys, start, Math.min(start + HASHED_TOGETHER, keys.length), owners);
    }
    return owners;
  }

  /**
   * The first `count` distinct available members for a key, owner first.
   *
   * Shorter when fewer are available or have a place. A longer list begins with the shorter one. `count` is an
   * integer of 0 or more, else a `RangeError`. Asks `isAvailable` at most once per member.
   */
  preferenceList(key: string, count: number, isAvailable?: IsAvailable<M>): M[] {
    return this.list(key, count, isAvailable);
  }

  /** `preferenceList` of a key of which only the `hash` is known: 16 hex digits, else a `RangeError`. */
  preferenceListAt(hash: string, count: number, isAvailable?: IsAvailable<M>): M[] {
    return this.list({ hash }, count, isAvailable);
  }

  /** Visits the distinct available members for a key, in the order of its preference list, until `visit` answers false. */
  visit(key: KeyOrHash, visit: (member: M) => boolean, isAvailable?: IsAvailable<M>): void {
    const { halves } = this;
    if (typeof key === 'string') this.keyHash(key, halves);
    else parseHash(key.hash, halves);
    if (isAvailable === undefined || this.algorithm.skipEqualsRebuild) {
      visitMembers(this.all, halves, visit, isAvailable);
    } else {
      visitMembers(this.subset(isAvailable), halves, visit);
    }
  }

  /** Who owns what, by index in `members`; undefined where each key draws for itself (`rendezvous`, `jump`). */
  parts(): Parts | undefined {
    const pieces = this.pieces();
    return pieces && joinParts(pieces);
  }

  /** `parts` a few thousand at a time. */
  pieces(): Iterable<Parts> | undefined {
    return this.all.placement.parts();
  }

  /**
   * The same ring, whose lookups pass over unavailable members even where a ring without them would answer otherwise.
   *
   * It builds nothing: for the time until there is a ring without them.
   */
  passingOver(): Ring<M> {
    return new Ring({ ...this.makings, algorithm: { ...this.algorithm, skipEqualsRebuild: true } });
  }

  /**
   * The ring of the members after a change, equal in all to one built of them; this ring stays as it is.
   *
   * Throws a `RangeError` for an id to remove that no member has, for an id named twice, and as `buildRing` does.
   */
  with(change: RingChange<M>): Ring<M> {
    return finish(this.withSteps(change));
  }

  /** `with` in slices. */
  *withSteps(change: RingChange<M>): Steps<Ring<M>> {
    const { policy, algorithm, lines, hash64 } = this.makings;
    const applied = yield* changeMembers(this.members, change);
    checkMemberCount(applied.after);
    Object.freeze(applied.after);
    const placed = yield* changePlaced(algorithm, this.all, applied);
    const after = yield* changedLines(lines, applied, hash64);
    const digest = yield* digestOf(policy, after);
    return new Ring({ ...this.makings, placed, lines: after, digest });
  }

  /** First all hashes, then all lookups: the processor fetches several at a time. */
  private someOwners(keys: readonly string[], start: number, end: number, owners: Int32Array): void {
    const { batch, halves, keyHash } = this;
    const { placement } = this.all;
    for (let index = start; index < end; index++) {
      keyHash(keys[index] ?? '', halves);
      batch[2 * (index - start)] = halves[0] ?? 0;
      batch[2 * (index - start) + 1] = halves[1] ?? 0;
    }
    for (let index = start; index < end; index++) {
      owners[index] = placement.owner(batch[2 * (index - start)] ?? 0, batch[2 * (index - start) + 1] ?? 0);
    }
  }

  private list(key: KeyOrHash, count: number, isAvailable?: IsAvailable<M>): M[] {
    if (!Number.isInteger(count) || count < 0) {
      throw new RangeError(`count must be an integer of 0 or more, not ${count}`);
    }
    const list: M[] = [];
    if (count > 0) this.visit(key, (member) => list.push(member) < count, isAvailable);
    return list;
  }

  private availableOwners(keys: readonly string[], isAvailable: IsAvailable<M>, owners: Int32Array): void {
    const indexes = new Map<M | undefined, number>();
    this.members.forEach((member, index) => {
      if (isAvailable(member)) indexes.set(member, index);
    });
    const isIndexed = (member: M) => indexes.has(member);
    keys.forEach((key, index) => {
      owners[index] = indexes.get(this.owner(key, isIndexed)) ?? -1;
    });
  }

  /** The available members placed as if there were no others. */
  private subset(isAvailable: IsAvailable<M>): Placed<M> {
    const available = this.members.map((member) => isAvailable(member));
    if (!available.includes(false)) return this.all;
    const name = available.map((one) => (one ? '1' : '0')).join('');
    const kept = this.subsets.get(name);
    if (kept !== undefined) return kept;
    const members = this.members.filter((_, index) => available[index]);
    const built = finish(placeMembers(this.algorithm, members));
    const [oldest] = this.subsets.keys();
    if (oldest !== undefined && this.subsets.size >= MAX_SUBSETS) this.subsets.delete(oldest);
    this.subsets.set(name, built);
    return built;
  }
}
