import { sortSteps } from './sort-steps.ts';
import type { Steps } from './steps.ts';

const CHECKED_PER_STEP = 2048;

/**
 * What a ring places.
 *
 * `id` is unique in its ring. `hashKey` decides the place: "host:port", unless the caller has something
 * that outlives an address. `weight` is an integer 0..65,535, default 1; 0 means "a member that owns
 * nothing". Two members may share a hash key: the smaller id in byte order then goes first everywhere.
 */
export interface Member {
  readonly id: string;
  readonly hashKey: string;
  readonly weight?: number;
}

/** Highest weight, as Consul has it. */
export const MAX_WEIGHT = 65_535;

export function weightOf(member: Member): number {
  return member.weight ?? 1;
}

/**
 * A copy in canonical order: by the UTF-8 bytes of `hashKey`, then of `id`.
 *
 * Throws a `RangeError` for a weight out of range and for an id that occurs twice.
 */
export function* sortMemberSteps<M extends Member>(members: readonly M[]): Steps<M[]> {
  const ids = new Set<string>();
  const keyed: { readonly member: M; readonly id: string; readonly hashKey: string }[] = [];
  for (const member of members) {
    const weight = weightOf(member);
    if (!Number.isInteger(weight) || weight < 0 || weight > MAX_WEIGHT) {
      throw new RangeError(
        `weight of ${quote(member.id)} must be an integer 0..${MAX_WEIGHT}, not ${weight}`,
      );
    }
    const id = wellFormed(member.id);
    if (ids.has(id)) throw new RangeError(`member id ${quote(id)} occurs twice`);
    ids.add(id);
    if (keyed.push({ member, id, hashKey: wellFormed(member.hashKey) }) % CHECKED_PER_STEP === 0) yield;
  }
  const sorted = yield* sortSteps(keyed, compareWellFormed);
  return sorted.map(({ member }) => member);
}

/** The canonical order. */
export function compareMembers(a: Member, b: Member): number {
  return compareWellFormed(
    { id: wellFormed(a.id), hashKey: wellFormed(a.hashKey) },
    { id: wellFormed(b.id), hashKey: wellFormed(b.hashKey) },
  );
}

function compareWellFormed(a: Member, b: Member): number {
  return compareUtf8(a.hashKey, b.hashKey) || compareUtf8(a.id, b.id);
}

export function quote(id: string): string {
  return JSON.stringify(id.slice(0, 100));
}

/** Each lone surrogate becomes U+FFFD, as UTF-8 encoders have it. */
export function wellFormed(text: string): string {
  return text.replace(/\p{Surrogate}/gu, '\uFFFD');
}

/** Order by UTF-8 bytes, which is the order of code points; both texts well formed. */
function compareUtf8(a: string, b: string): number {
  const length = Math.min(a.length, b.length);
  for (let i = 0; i < length; i++) {
    const difference = codePointRank(a.charCodeAt(i)) - codePointRank(b.charCodeAt(i));
    if (difference !== 0) return difference;
  }
  return a.length - b.length;
}

/** Surrogates stand for code points above U+FFFF, so they come after U+E000..U+FFFF. */
function codePointRank(unit: number): number {
  if (unit < 0xd800) return unit;
  return unit < 0xe000 ? unit + 0x2000 : unit - 0x800;
}
