import {
  DEFAULT_SERVICE_POLICY,
  RollcallError,
  ringPolicyKey,
  topics,
  type Instance,
  type Node,
  type Revision,
  type RingMember,
  type StateCommit,
} from '../core/index.ts';
import type { Hashes, KeyOrHash, Steps } from '../core/ring/index.ts';
import type { Clock } from '../platform/clock.ts';
import type { View } from '../view/view.ts';
import { RestrictedRing } from './restricted-ring.ts';
import { Availability, type PlaceOptions } from './ring-availability.ts';
import { inTurns } from './ring-build.ts';
import { RingMembership } from './ring-membership.ts';
import { TrackedRing } from './tracked-ring.ts';

/** An instance a key was placed on. */
export interface Placed {
  readonly instance: Instance;
  readonly node: Node;
}

export interface Placement {
  /** 64-bit hash of the key as 16 hex digits. */
  readonly hash: string;
  readonly revision: Revision;
  readonly digest: string;
  /** The owner first, then the next distinct instances that are available. */
  readonly preference: readonly Placed[];
  /** Who owned the key before the ring changed, while keys are handed over and where it is another. */
  readonly previous: RingMember | undefined;
  /** Health changed, and the available instances are still being placed anew: another may own the key in a moment. */
  readonly isProvisional: boolean;
}

/** Where many keys were placed, on one ring. */
export interface Placements {
  readonly revision: Revision;
  readonly digest: string;
  readonly members: readonly Placed[];
  /** For each key the indexes in `members`, the owner first; empty where nobody is available. */
  readonly placements: readonly (readonly number[])[];
  /** As of a `Placement`: of one of the keys at least. */
  readonly isProvisional: boolean;
}

const MAX_TRACKED = 10_000;
const MAX_RANKED = 100;

/**
 * Places keys on instances: one ring per service, which follows its members and its policy.
 *
 * Health is an overlay: instances with a critical check are passed over, and keep their place.
 * Answers come from memory as it is.
 */
export class Rings {
  readonly #view: View;
  readonly #hashes: Hashes;
  readonly #clock: Clock;
  readonly #tracked = new Map<string, TrackedRing>();
  readonly #availability = new Map<string, Availability>();

  constructor({ view, hashes, clock }: { view: View; hashes: Hashes; clock: Clock }) {
    this.#view = view;
    this.#hashes = hashes;
    this.#clock = clock;
    view.onCommits((commits) => {
      this.#follow(commits);
    });
  }

  /** The ring of a service, which may have no members; ask again each time. Throws `not_ready`. */
  tracked(service: string): TrackedRing {
    if (!this.#view.ready) throw new RollcallError('not_ready');
    return this.#track(service);
  }

  /** As `tracked`, but throws `service_not_found` where there are no members. */
  of(service: string): TrackedRing {
    const tracked = this.tracked(service);
    if (tracked.membership.members.size === 0)
      throw new RollcallError('service_not_found', `No instance of service "${service}" is registered`);
    return tracked;
  }

  /** Resolves once lookups of a service need not wait; at once where there is no such service. Throws as `place` does. */
  async ready(service: string): Promise<void> {
    const tracked = this.tracked(service);
    if (tracked.membership.members.size > 0) await tracked.some();
  }

  /** Whether there is a ring for lookups of a service, or nothing to place its keys on. Throws `not_ready`. */
  isReady(service: string): boolean {
    const tracked = this.tracked(service);
    return tracked.membership.members.size === 0 || tracked.isReady;
  }

  /**
   * The instance that owns a key and, behind it, the next `count - 1` available ones.
   *
   * Throws `not_ready`, also while the first ring of a large service is built (see `ready`), `service_not_found`,
   * `policy_not_applicable`, and `no_available_owner` when all are critical.
   */
  place(service: string, key: KeyOrHash, count: number, options: PlaceOptions = {}): Placement {
    const tracked = this.of(service);
    const { now } = tracked;
    const { ring, revision } = now;
    const availability = this.availabilityOf(service);
    const members = availability.preferenceList(now, key, count, options);
    const preference = members.flatMap((member) => this.placed(member));
    if (preference.length === 0)
      throw new RollcallError('no_available_owner', `All instances of service "${service}" are critical`);
    const hash = typeof key === 'string' ? ring.hash(key) : key.hash;
    const [previous, isProvisional] = [previousOwner(tracked, key), availability.isProvisional(now)];
    return { hash, revision, digest: ring.digest, preference, previous, isProvisional };
  }

  /**
   * The instances that own each of up to 10,000 keys and stand behind them, some keys at a time.
   *
   * Throws `not_ready`, `service_not_found` and `policy_not_applicable`.
   */
  async placeAll(
    service: string,
    keys: readonly string[],
    count: number,
    options: PlaceOptions = {},
  ): Promise<Placements> {
    await this.ready(service);
    const { now } = this.of(service);
    const indexes = new Map<string, number>();
    const members: Placed[] = [];
    const indexOf = (member: RingMember): number[] => {
      const held = indexes.get(member.id);
      if (held !== undefined) return [held];
      const [located] = this.placed(member);
      if (located === undefined) return [];
      indexes.set(member.id, members.length);
      return [members.push(located) - 1];
    };
    let isProvisional = false;
    const steps = function* (rings: Rings): Steps<number[][]> {
      const placements: number[][] = [];
      for (const key of keys) {
        const availability = rings.availabilityOf(service);
        placements.push(availability.preferenceList(now, key, count, options).flatMap(indexOf));
        isProvisional ||= availability.isProvisional(now);
        // Where scores are compared, one key of ten thousand members takes milliseconds.
        yield;
      }
      return placements;
    };
    const { value: placements } = await inTurns(steps(this), this.#clock);
    return { revision: now.revision, digest: now.ring.digest, members, placements, isProvisional };
  }

  /**
   * The places of instances, by their keys, in the order in which to ask them for a key: 100 available ones, then others.
   *
   * Throws as `of` does, and `policy_not_applicable`.
   */
  ranks(service: string, key: string): ReadonlyMap<string, number> {
    const { now } = this.of(service);
    const available = this.availabilityOf(service).preferenceList(now, key, MAX_RANKED);
    const ids = [...available, ...now.ring.preferenceList(key, MAX_RANKED)].map(({ id }) => id);
    return new Map([...new Set(ids)].map((id, rank) => [id, rank]));
  }

  /** Who of a service may be answered now. */
  availabilityOf(service: string): Availability {
    const name = service.toLowerCase();
    const { state } = this.#view;
    const held = this.#availability.get(name);
    if (held?.isOf(state) === true) return held;
    const fresh = held?.next(state) ?? new Availability(service, state, new RestrictedRing(this.#clock));
    bounded(this.#availability, name, fresh);
    return fresh;
  }

  /** The instance of a member; none where it has gone. */
  placed({ id }: Pick<RingMember, 'id'>): Placed[] {
    const { state } = this.#view;
    const instance = state.instances.get(id);
    const node = instance && state.node(instance.node);
    return instance === undefined || node === undefined ? [] : [{ instance, node }];
  }

  #track(service: string): TrackedRing {
    const name = service.toLowerCase();
    const { state } = this.#view;
    const held = this.#tracked.get(name);
    if (held !== undefined) return held;
    const tracked = new TrackedRing(new RingMembership(service, state), this.#hashes, this.#clock);
    // Names of services that are not there are not kept: anybody could fill the table with them.
    if (tracked.membership.members.size > 0) bounded(this.#tracked, name, tracked);
    return tracked;
  }

  #follow(commits: readonly StateCommit[]): void {
    const { state } = this.#view;
    const nowMs = this.#clock.monotonic();
    if (commits.length === 0) {
      for (const { membership } of this.#tracked.values()) membership.reload(state, nowMs);
      for (const policy of state.ringPolicies.values()) this.#track(policy.service);
    }
    for (const commit of commits) {
      for (const topic of commit.touches) {
        if (!topic.startsWith(RING)) continue;
        const name = topic.slice(RING.length);
        this.#trackFirstPolicy(name, commit);
        this.#tracked.get(name)?.membership.apply(commit, state, nowMs);
      }
    }
  }

  /** A service that gets its first policy had the default until then; keys may be handed over from it. */
  #trackFirstPolicy(name: string, { changes, revision }: StateCommit): void {
    if (this.#tracked.has(name)) return;
    if (!changes.some(({ table, key }) => table === 'ring-policy' && key === ringPolicyKey(name))) return;
    const policy = { service: name, ...DEFAULT_SERVICE_POLICY };
    const membership = new RingMembership(name, this.#view.state, { policy, revision: revision - 1 });
    if (membership.members.size > 0)
      bounded(this.#tracked, name, new TrackedRing(membership, this.#hashes, this.#clock));
  }
}

const RING = topics.ring('');

function previousOwner(tracked: TrackedRing, key: KeyOrHash): RingMember | undefined {
  const before = tracked.previous()?.ring;
  const { ring } = tracked.now;
  // The hash of a key says nothing on a ring that hashes keys in another way.
  if (before === undefined || (typeof key !== 'string' && before.keyHashName !== ring.keyHashName))
    return undefined;
  const [held, owner] = [before, ring].map((each) =>
    typeof key === 'string' ? each.owner(key) : each.preferenceListAt(key.hash, 1)[0],
  );
  return held?.id === owner?.id ? undefined : held;
}

function bounded<V>(map: Map<string, V>, key: string, value: V): void {
  map.set(key, value);
  const [oldest] = map.keys();
  if (map.size > MAX_TRACKED && oldest !== undefined) map.delete(oldest);
}
