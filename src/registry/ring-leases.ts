import {
  Bins,
  MAX_BIN_LEASES,
  MAX_BINS,
  RollcallError,
  type BinAnswer,
  type BinRequest,
} from '../core/index.ts';
import type { Clock } from '../platform/clock.ts';
import type { Random } from '../platform/random.ts';
import { StoreError, type Store } from '../store/store.ts';
import { refusal, type Committer } from './committer.ts';
import type { Availability } from './ring-availability.ts';
import type { ServiceRing } from './ring-build.ts';
import type { Placed, Rings } from './rings.ts';

/** Instances whose loads one acquisition looks at: so many times `MAX_BINS`. */
const MAX_ROUNDS = 16;

/** Whose leases count: those of all registry nodes, or this node's own, which costs no exchange with the store. */
export type LeaseScope = 'registry' | 'node';

export interface RingLeaseRequest {
  readonly service: string;
  readonly key: string;
  readonly ttlMs: number;
  /** Names the lease; asking again renews it. Default: a new name. */
  readonly id?: string;
  /** At least 100; default: as the service's policy says. */
  readonly loadFactorPercent?: number;
  readonly scope: LeaseScope;
  readonly zone: string;
}

/** A place on an instance that somebody holds. */
export interface RingLease extends Placed {
  readonly id: string;
  readonly isNew: boolean;
  /** Leases on the instance, and on all of its service, this one included. */
  readonly load: number;
  readonly serviceLoad: number;
}

interface Deps {
  readonly store: Store;
  readonly rings: Rings;
  readonly committer: Committer;
  readonly clock: Clock;
  readonly random: Random;
}

type Taken = Exclude<BinAnswer, { outcome: 'full' }>;

/** The two verbs of a store that leases need. */
type Pools = Pick<Store, 'acquire' | 'release'>;

/**
 * Bounded load: leases on the first instance in a key's order that has less than its share of all leases.
 *
 * With n leases and this one, an instance takes at most `loadFactorPercent` percent of (n + 1) times its part of the weight
 * of all available instances, rounded up (Mirrokni, Thorup and Zadimoghaddam, 2016).
 */
export class RingLeases {
  readonly #deps: Deps;
  readonly #pools: Readonly<Record<LeaseScope, Pools>>;
  readonly #weights = new WeakMap<Availability, { readonly of: ServiceRing; readonly weight: number }>();

  constructor(deps: Deps) {
    this.#deps = deps;
    this.#pools = { registry: deps.store, node: nodePools(deps.clock) };
  }

  /**
   * Takes a place for a key, or renews the lease of this id; one on an instance that is gone or critical moves.
   *
   * Throws `not_ready`, `service_not_found`, `policy_not_applicable`, `no_available_owner`, `too_many_requests`,
   * `aborted`, `store_unavailable` and `outcome_unknown`; after the last, asking again with the same id is safe.
   */
  async acquire(request: RingLeaseRequest): Promise<RingLease> {
    const { rings, random } = this.#deps;
    const { service } = request;
    const id = request.id ?? random.uuid();
    const held = await this.#firstWithRoom(request, id);
    const [placed] = rings.availabilityOf(service).has({ id: held.bin })
      ? rings.placed({ id: held.bin })
      : [];
    if (placed !== undefined) return leaseOf(id, placed, held);
    const moved = await this.#firstWithRoom(request, id, held.bin);
    const [other] = rings.placed({ id: moved.bin });
    if (other === undefined) throw new RollcallError('aborted');
    return leaseOf(id, other, moved);
  }

  /** Throws `lease_not_found`, also for a lease on an instance that is gone, and what a store throws. */
  async renew(service: string, id: string, ttlMs: number, scope: LeaseScope): Promise<RingLease> {
    const wish = { ...poolOf(service), lease: id, ttlMs, bins: [], divisor: 1 };
    const answer = await this.#ask(scope, wish);
    if (answer.outcome !== 'full') {
      const [placed] = this.#deps.rings.placed({ id: answer.bin });
      if (placed !== undefined) return leaseOf(id, placed, answer);
      await this.#exchange(id, () => this.#pools[scope].release(wish.pool, id));
    }
    throw leaseNotFound(id);
  }

  /** Throws `lease_not_found`, and what a store throws. */
  async release(service: string, id: string, scope: LeaseScope): Promise<void> {
    const { pool } = poolOf(service);
    if (!(await this.#exchange(id, () => this.#pools[scope].release(pool, id)))) throw leaseNotFound(id);
  }

  /** The first instance that has room, or the one that the lease is on already unless that is `declined`. */
  async #firstWithRoom(request: RingLeaseRequest, id: string, declined?: string): Promise<Taken> {
    const { service, key, scope, zone, ttlMs } = request;
    await this.#deps.rings.ready(service);
    const ring = this.#deps.rings.of(service).now;
    const available = this.#deps.rings.availabilityOf(service);
    const weight = this.#weightOf(available, ring);
    if (weight === 0)
      throw new RollcallError('no_available_owner', `All instances of service "${service}" are critical`);
    const percent = request.loadFactorPercent ?? ring.policy.loadFactorPercent;
    const wish = { ...poolOf(service), lease: id, ttlMs, divisor: 100 * weight };
    for (let count = MAX_BINS; count <= MAX_BINS * MAX_ROUNDS; count += MAX_BINS) {
      const members = available.preferenceList(ring, key, count, { zone }).slice(count - MAX_BINS);
      if (members.length === 0) break;
      const bins = members.map((member) => ({ name: member.id, share: percent * member.weight }));
      const answer = await this.#ask(scope, {
        ...wish,
        bins,
        ...(declined === undefined ? {} : { declined }),
      });
      if (answer.outcome !== 'full') return answer;
      if (answer.poolLoad >= MAX_BIN_LEASES)
        throw new RollcallError('too_many_requests', `Service "${service}" has ${MAX_BIN_LEASES} leases`);
    }
    throw new RollcallError('aborted', 'No instance has room for another lease');
  }

  #ask(scope: LeaseScope, wish: BinRequest): Promise<BinAnswer> {
    return this.#exchange(wish.lease, () => this.#pools[scope].acquire(wish));
  }

  /** Asks the store, and where it is in another epoch once more after that was adopted. */
  async #exchange<T>(id: string, ask: () => Promise<T>): Promise<T> {
    try {
      return await ask().catch(async (error: unknown) => {
        if (!(error instanceof StoreError && error.code === 'epoch_changed')) throw error;
        await this.#deps.committer.catchUp();
        return ask();
      });
    } catch (error) {
      if (error instanceof StoreError && error.code === 'unknown_outcome')
        throw new RollcallError(
          'outcome_unknown',
          `Lease "${id}" may or may not be held; ask again with this id`,
        );
      throw refusal(error);
    }
  }

  #weightOf(available: Availability, ring: ServiceRing): number {
    const known = this.#weights.get(available);
    if (known?.of === ring) return known.weight;
    let weight = 0;
    for (const member of ring.ring.members) if (available.has(member)) weight += member.weight;
    this.#weights.set(available, { of: ring, weight });
    return weight;
  }
}

function poolOf(service: string): { readonly pool: string } {
  return { pool: service.toLowerCase() };
}

function leaseOf(id: string, placed: Placed, answer: Taken): RingLease {
  const { outcome, load, poolLoad } = answer;
  return { id, ...placed, isNew: outcome === 'acquired', load, serviceLoad: poolLoad };
}

function leaseNotFound(id: string): RollcallError {
  return new RollcallError('lease_not_found', `No lease "${id}"; it may have run out`);
}

function nodePools(clock: Clock): Pools {
  const bins = new Bins();
  return {
    acquire: (request) => {
      const nowMs = clock.monotonic();
      return Promise.resolve(bins.acquire(request, { nowMs, deadlineMs: nowMs + request.ttlMs }));
    },
    release: (pool, lease) => {
      bins.expire(clock.monotonic());
      return Promise.resolve(bins.release(pool, lease));
    },
  };
}
