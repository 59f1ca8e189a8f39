import { deepEqual, RollcallError, type Revision, type RingMember } from '../core/index.ts';
import { finish, type Hashes, type RingPolicy, type Steps } from '../core/ring/index.ts';
import type { Clock } from '../platform/clock.ts';
import { inTurns, ringSteps, type ServiceRing } from './ring-build.ts';
import type { RingMembership } from './ring-membership.ts';

/** Points of a ring that is built at once, which takes a few milliseconds. */
const INLINE_POINTS = 16_384;
/** Points of a changed ring that are moved in the time in which one is hashed. */
const MOVED_PER_HASHED = 64;
/** Points for each unit of weight, or for each member, that no program of other make exceeds. */
const FOREIGN_POINTS = 256;
/** After a build in turns lookups start none for so many times as long, and at most for this long. */
const REST = { times: 4, mostMs: 1000 };
/** Part of the hand-over window by which it may last longer. */
const HAND_OVER_SLACK = 1 / 20;

/**
 * One service's ring, built when it is asked for after a change.
 *
 * A small one at once; a large one in turns, while lookups go on with the one there was: its revision and digest
 * say which it is.
 */
export class TrackedRing {
  readonly membership: RingMembership;
  readonly #hashes: Hashes;
  readonly #clock: Clock;
  #built: ServiceRing | undefined;
  /** The one before `#built`, while keys may be handed over from it. */
  #superseded: ServiceRing | undefined;
  #base: { readonly ring: ServiceRing; readonly atMs: number } | undefined;
  #failed: { readonly revision: Revision; readonly error: unknown } | undefined;
  #building: Promise<void> | undefined;
  #lookingBack: Promise<void> | undefined;
  #quick: { readonly of: ServiceRing | undefined; readonly at: Revision; readonly is: boolean } | undefined;
  #restUntilMs = 0;

  constructor(membership: RingMembership, hashes: Hashes, clock: Clock) {
    this.membership = membership;
    this.#hashes = hashes;
    this.#clock = clock;
  }

  /** The ring for a lookup. Throws `policy_not_applicable`, and `not_ready` while the first of a large service is built. */
  get now(): ServiceRing {
    const built = this.#built;
    if (built?.revision === this.membership.revision) return built;
    if (built !== undefined && this.#building !== undefined) return built;
    this.#throwFailure();
    if (!this.#isQuick()) {
      if (this.#clock.monotonic() >= this.#restUntilMs) void this.#buildInTurns();
      if (built !== undefined) return built;
      throw new RollcallError('not_ready', 'The ring of the service is being built for the first time');
    }
    try {
      return this.#keep(finish(this.#steps()));
    } catch (error) {
      this.#failed = { revision: this.membership.revision, error };
      throw error;
    }
  }

  /** Whether a lookup is answered at once. */
  get isReady(): boolean {
    return this.#built !== undefined || this.#isQuick();
  }

  /** Resolves once there is a ring for lookups, however old, and the one that keys are being handed over from. */
  async some(): Promise<void> {
    if (!this.isReady) await this.current();
    if (this.membership.policy.handOverMs > 0) await this.#lookBack();
  }

  /** The ring with everything that this node knows of now. Throws `policy_not_applicable`. */
  async current(): Promise<ServiceRing> {
    const { revision } = this.membership;
    for (;;) {
      if (this.#built !== undefined && this.#built.revision >= revision) return this.#built;
      this.#throwFailure();
      if (this.#isQuick()) return this.now;
      await this.#buildInTurns();
    }
  }

  /** The ring that keys are being handed over from; undefined outside a hand-over window, and until a large one is built. */
  previous(): ServiceRing | undefined {
    void this.#lookBack();
    return this.#base?.ring;
  }

  /** Finds the ring before the hand-over window; a promise where it has to be built in turns. */
  #lookBack(): Promise<void> | undefined {
    const nowMs = this.#clock.monotonic();
    const { handOverMs } = this.membership.policy;
    const revision = this.membership.revisionBefore(nowMs, handOverMs);
    if (revision === undefined) {
      this.#base = this.#superseded = undefined;
      return undefined;
    }
    const { ring: held, atMs = -Infinity } = this.#base ?? {};
    if (held?.revision === revision || nowMs - atMs < handOverMs * HAND_OVER_SLACK) return undefined;
    // What was found for an earlier window says nothing of this one.
    if (nowMs - atMs >= handOverMs) this.#base = undefined;
    this.#lookingBack ??= this.#findBase(revision, nowMs);
    return this.#lookingBack;
  }

  #findBase(revision: Revision, atMs: number): Promise<void> | undefined {
    const { now } = this;
    const near = [this.#superseded, this.#built].find((ring) => ring?.revision === revision);
    const was = !near && revision < now.revision ? this.membership.before(revision, now) : undefined;
    const steps = was && ringSteps(was.makings, this.#hashes, was.start);
    if (steps !== undefined && now.ring.size > INLINE_POINTS) return this.#lookBackInTurns(steps);
    const ring = near ?? (steps && finish(steps));
    this.#base = ring && { ring, atMs };
    return undefined;
  }

  async #lookBackInTurns(steps: Steps<ServiceRing>): Promise<void> {
    try {
      const { value: ring } = await inTurns(steps, this.#clock);
      this.#base = { ring, atMs: this.#clock.monotonic() };
    } catch {
      // The policy of then could not place the members of then: nobody owned anything.
      this.#base = undefined;
    } finally {
      this.#lookingBack = undefined;
    }
  }

  /** Whether building takes a few milliseconds at most: few points are hashed, and not too many moved. */
  #isQuick(): boolean {
    const { revision } = this.membership;
    const held = this.#quick;
    if (held !== undefined && held.of === this.#built && held.at === revision) return held.is;
    const is = this.#wouldBeQuick();
    this.#quick = { of: this.#built, at: revision, is };
    return is;
  }

  #wouldBeQuick(): boolean {
    const { members, policy, revision } = this.membership;
    const built = this.#built;
    // What another policy made says nothing of how long this one takes.
    if (built === undefined || !deepEqual(built.policy.placement, policy.placement))
      return members.size + mostPoints(policy.placement, members) <= INLINE_POINTS;
    const { size, members: before } = built.ring;
    const pointsEach = size / Math.max(1, before.length);
    if (pointsEach * members.size <= INLINE_POINTS) return true;
    if (policy.placement.algorithm !== 'ring') return false;
    const changed = this.membership.between(built.revision, revision)?.changes.length ?? Infinity;
    return pointsEach * changed + size / MOVED_PER_HASHED <= INLINE_POINTS;
  }

  #steps(): Steps<ServiceRing> {
    const { membership } = this;
    const ring = this.#built;
    const changes = ring && membership.between(ring.revision, membership.revision)?.changes;
    return ringSteps(membership.makings, this.#hashes, ring && changes && { ring, changes });
  }

  #keep(built: ServiceRing): ServiceRing {
    if (this.membership.policy.handOverMs > 0) this.#superseded = this.#built;
    this.#built = built;
    this.#failed = undefined;
    return built;
  }

  #throwFailure(): void {
    if (this.#failed?.revision === this.membership.revision) throw this.#failed.error;
  }

  #buildInTurns(): Promise<void> {
    this.#building ??= this.#run().finally(() => {
      this.#building = undefined;
    });
    return this.#building;
  }

  async #run(): Promise<void> {
    const { revision } = this.membership;
    try {
      const { value, tookMs } = await inTurns(this.#steps(), this.#clock);
      this.#keep(value);
      this.#restUntilMs = this.#clock.monotonic() + Math.min(REST.mostMs, tookMs * REST.times);
    } catch (error) {
      this.#failed = { revision, error };
    }
  }
}

/** A bound on the points that members get, or on what stands for points, such as entries of a table. */
function mostPoints(policy: RingPolicy, members: ReadonlyMap<string, RingMember>): number {
  let weight = 0;
  for (const member of members.values()) weight += member.weight;
  switch (policy.algorithm) {
    case 'ring':
      return weight * policy.pointsPerWeight;
    case 'bounded-ring':
      return weight * policy.pointsPerWeight + policy.partitions;
    case 'maglev':
      return policy.tableSize;
    case 'envoy-ring-hash':
      return policy.minimumRingSize + weight;
    case 'grpc-ring-hash':
      return policy.minRingSize + weight;
    case 'rendezvous':
    case 'jump':
      return members.size;
    default:
      return (members.size + weight) * FOREIGN_POINTS;
  }
}
