import type { RingMember } from '../core/index.ts';
import { finish, type Ring, type Steps } from '../core/ring/index.ts';
import type { Clock } from '../platform/clock.ts';
import { inTurns } from './ring-build.ts';

/** What is placed anew at once, within a few milliseconds. */
const INLINE = { points: 16_384, members: 512 };
/** Members that are asked for their health in one go. */
const ASKED_TOGETHER = 256;
/** After it was placed anew in turns lookups start that again after so many times as long, and at most after this long. */
const REST = { times: 4, mostMs: 1000 };

/** Who of a service may be answered; another object whenever that may have changed. */
interface Available {
  readonly has: (member: RingMember) => boolean;
}

interface Held {
  readonly of: Ring<RingMember>;
  readonly among: Available;
  /** Ids of members that it is without. */
  readonly without: readonly string[];
  readonly ring: Ring<RingMember>;
}

/**
 * A service's ring of the available members alone, where passing over the others is not the same.
 *
 * A small one is built by the lookup that needs it. A large one is built in turns, once for all changes of health that
 * come meanwhile; until then lookups pass over unavailable members on the one there was.
 */
export class RestrictedRing {
  readonly #clock: Clock;
  readonly #overlays = new WeakMap<Ring<RingMember>, Ring<RingMember>>();
  #held: Held | undefined;
  #failed: (Pick<Held, 'of' | 'among'> & { readonly error: unknown }) | undefined;
  #isBuilding = false;
  #restUntilMs = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Whether `among` has a ring of exactly these members. */
  isExact(all: Ring<RingMember>, available: Available): boolean {
    return this.#held?.of === all && this.#held.among === available;
  }

  /** The ring of these members alone; undefined while it is being built. */
  among(all: Ring<RingMember>, available: Available): Ring<RingMember> | undefined {
    if (this.isExact(all, available)) return this.#held?.ring;
    if (all.size <= INLINE.points && all.members.length <= INLINE.members) {
      this.#held = finish(this.#steps(all, available));
      return this.#held.ring;
    }
    if (this.#failed?.of === all && this.#failed.among === available) throw this.#failed.error;
    if (!this.#isBuilding && this.#clock.monotonic() >= this.#restUntilMs) void this.#build(all, available);
    return undefined;
  }

  /** Rings whose lookups pass over unavailable members, the better one first. */
  overlays(all: Ring<RingMember>): Ring<RingMember>[] {
    const latest = this.#held?.of === all ? [this.#held.ring] : [];
    return [...latest, all].map((ring) => {
      const overlay = this.#overlays.get(ring) ?? ring.passingOver();
      this.#overlays.set(ring, overlay);
      return overlay;
    });
  }

  async #build(all: Ring<RingMember>, available: Available): Promise<void> {
    this.#isBuilding = true;
    try {
      const { value, tookMs } = await inTurns(this.#steps(all, available), this.#clock);
      this.#held = value;
      this.#restUntilMs = this.#clock.monotonic() + Math.min(REST.mostMs, tookMs * REST.times);
    } catch (error) {
      this.#failed = { of: all, among: available, error };
    } finally {
      this.#isBuilding = false;
    }
  }

  *#steps(all: Ring<RingMember>, available: Available): Steps<Held> {
    const without: string[] = [];
    for (const [index, member] of all.members.entries()) {
      if (!available.has(member)) without.push(member.id);
      if (index % ASKED_TOGETHER === ASKED_TOGETHER - 1) yield;
    }
    const held = this.#held;
    if (held?.of === all && isSameList(held.without, without)) return { ...held, among: available };
    const ring = without.length === 0 ? all : yield* all.withSteps({ remove: without });
    return { of: all, among: available, without, ring };
  }
}

function isSameList(one: readonly string[], other: readonly string[]): boolean {
  return one.length === other.length && one.every((entry, index) => entry === other[index]);
}
