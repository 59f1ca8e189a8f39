import {
  memberOf,
  RollcallError,
  type RingMember,
  type Revision,
  type ServicePolicy,
} from '../core/index.ts';
import { movementSteps, type Hashes, type Movement } from '../core/ring/index.ts';
import type { Clock } from '../platform/clock.ts';
import type { View } from '../view/view.ts';
import { KeyedQueue } from './keyed-queue.ts';
import { inTurns, ringSteps, type RingMakings, type RingStart, type ServiceRing } from './ring-build.ts';
import type { RingDelta } from './ring-history.ts';
import type { Rings } from './rings.ts';

/** A member that does not exist yet. */
export interface NewMember {
  readonly name: string;
  readonly hashKey: string;
  readonly weight: number;
  readonly zone: string;
}

/** A change of a ring to look at before it is made; instances are named by their keys. */
export interface RingProposal {
  readonly add: readonly NewMember[];
  readonly remove: readonly string[];
  /** Weight by instance key. */
  readonly reweight: ReadonlyMap<string, number>;
  /** Left out: the policy there is. */
  readonly policy?: ServicePolicy;
}

export interface RingPreview {
  readonly before: ServiceRing;
  readonly after: ServiceRing;
  readonly movement: Movement;
}

/** How a ring came to be what it is. */
export interface RingSince {
  readonly ring: ServiceRing;
  /** Undefined where the change since then is not known any more. */
  readonly delta: RingDelta | undefined;
  /** What keys did and the ring they came from; undefined where it is not known, or was not asked for. */
  readonly movement: Movement | undefined;
  readonly before: ServiceRing | undefined;
}

interface Moved {
  readonly before: ServiceRing;
  readonly movement: Movement;
}

interface Kept {
  readonly ring: ServiceRing;
  readonly moved: Promise<Moved>;
}

const MAX_KEPT = 4;
/** How long one that moves keys waits for those before it. */
const WAIT_MS = 5000;

/** What changes of rings do to keys, computed between other things. */
export class RingMovements {
  readonly #rings: Rings;
  readonly #view: View;
  readonly #hashes: Hashes;
  readonly #clock: Clock;
  readonly #kept = new Map<string, Kept>();
  /** Rings that are only looked at take as much memory as others: there is one more at a time. */
  readonly #queue = new KeyedQueue();

  constructor({ rings, view, hashes, clock }: { rings: Rings; view: View; hashes: Hashes; clock: Clock }) {
    this.#rings = rings;
    this.#view = view;
    this.#hashes = hashes;
    this.#clock = clock;
  }

  /**
   * What a change would do.
   *
   * Throws `service_not_found`, `instance_not_found` for one that is not there, `policy_not_applicable`, and
   * `too_many_requests` after five seconds behind others.
   */
  async preview(service: string, proposal: RingProposal, maxRanges: number): Promise<RingPreview> {
    return this.#alone(async () => {
      const tracked = this.#rings.of(service);
      const before = await tracked.current();
      const policy = proposal.policy ?? before.policy;
      const members = proposedMembers(this.#membersUnder(service, policy), proposal);
      const after = await this.#built({ revision: before.revision, policy, members });
      return { before, after, movement: await this.#between(before, after, maxRanges) };
    });
  }

  /**
   * The ring now, and what changed since a revision of it; `maxRanges` 0 leaves the movement of keys out.
   *
   * Throws `service_not_found`, `policy_not_applicable`, and `too_many_requests` as `preview` does.
   */
  async since(service: string, revision: Revision, maxRanges: number): Promise<RingSince> {
    const tracked = this.#rings.of(service);
    const ring = await tracked.current();
    const { membership } = tracked;
    const isKnown = revision <= this.#view.state.revision;
    const delta = isKnown ? membership.between(revision, ring.revision) : undefined;
    const was = delta && membership.before(revision, ring);
    if (was === undefined || maxRanges === 0) return { ring, delta, movement: undefined, before: undefined };
    const name = `${service.toLowerCase()}\0${revision}\0${maxRanges}`;
    let held = this.#kept.get(name);
    if (held?.ring !== ring) {
      held = { ring, moved: this.#moved(was.makings, was.start, maxRanges) };
      this.#keep(name, held);
    }
    return { ring, delta, ...(await held.moved) };
  }

  #moved(makings: RingMakings, start: RingStart, maxRanges: number): Promise<Moved> {
    return this.#alone(async () => {
      const before = await this.#built(makings, start);
      return { before, movement: await this.#between(before, start.ring, maxRanges) };
    });
  }

  async #alone<T>(work: () => Promise<T>): Promise<T> {
    const leave = await this.#queue.enter('', WAIT_MS).catch(() => {
      throw new RollcallError('too_many_requests', 'Too many looks at how rings change; try again later');
    });
    try {
      return await work();
    } finally {
      leave();
    }
  }

  #keep(name: string, kept: Kept): void {
    this.#kept.set(name, kept);
    kept.moved.catch(() => this.#kept.delete(name));
    const [oldest] = this.#kept.keys();
    if (this.#kept.size > MAX_KEPT && oldest !== undefined) this.#kept.delete(oldest);
  }

  #membersUnder(service: string, policy: ServicePolicy): Map<string, RingMember> {
    const { state } = this.#view;
    const members = new Map<string, RingMember>();
    for (const [key, instance] of state.instancesOf(service))
      members.set(key, memberOf(key, instance, state.node(instance.node), policy));
    return members;
  }

  async #built(makings: RingMakings, start?: RingStart): Promise<ServiceRing> {
    return (await inTurns(ringSteps(makings, this.#hashes, start), this.#clock)).value;
  }

  async #between(before: ServiceRing, after: ServiceRing, maxRanges: number): Promise<Movement> {
    return (await inTurns(movementSteps(before.ring, after.ring, { maxRanges }), this.#clock)).value;
  }
}

function proposedMembers(
  members: Map<string, RingMember>,
  { add, remove, reweight }: RingProposal,
): RingMember[] {
  for (const key of [...remove, ...reweight.keys()])
    if (!members.has(key))
      throw new RollcallError(
        'instance_not_found',
        `No instance ${key.split('\0').join('/')} of the service`,
      );
  for (const [key, weight] of reweight) {
    const member = members.get(key);
    if (member !== undefined) members.set(key, { ...member, weight });
  }
  for (const key of remove) members.delete(key);
  const added = add.map(({ name, ...place }) => ({ id: `\0${name}`, ...place, address: '', port: 0 }));
  return [...members.values(), ...added];
}
