import {
  memberOf,
  RollcallError,
  topics,
  worstStatus,
  type Instance,
  type Node,
  type Revision,
  type State,
} from '../core/index.ts';
import { buildRing, DEFAULT_POLICY, type Hash64, type Member, type Ring } from '../core/ring/index.ts';
import type { View } from '../view/view.ts';

/** A service's ring as of its last change of members. */
export interface ServiceRing {
  readonly revision: Revision;
  readonly ring: Ring;
}

/** A key, or its hash (16 hex digits) where the key itself is not known. */
export type RingKey = string | { readonly hash: string };

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
}

const MAX_CACHED = 10_000;

/**
 * Places keys on instances: one ring per service, built when its members change.
 *
 * Health is an overlay: instances with a critical check are passed over, and keep their place.
 * Answers come from memory as it is.
 */
export class Rings {
  readonly #view: View;
  readonly #hash64: Hash64;
  readonly #rings = new Map<string, ServiceRing>();

  constructor(view: View, hash64: Hash64) {
    this.#view = view;
    this.#hash64 = hash64;
  }

  /** Throws `not_ready` and `service_not_found`. */
  ring(service: string): ServiceRing {
    if (!this.#view.ready) throw new RollcallError('not_ready');
    const { state } = this.#view;
    const name = service.toLowerCase();
    const instances = state.instancesOf(service);
    if (instances.size === 0) {
      this.#rings.delete(name);
      throw new RollcallError('service_not_found', `No instance of service "${service}" is registered`);
    }
    const revision = state.topic(topics.ring(service));
    const held = this.#rings.get(name);
    if (held?.revision === revision) return held;
    const members = [...instances].map(([key, instance]) =>
      memberOf(key, instance, state.node(instance.node)),
    );
    const built: ServiceRing = { revision, ring: buildRing(members, DEFAULT_POLICY, this.#hash64) };
    this.#cache(name, built);
    return built;
  }

  /**
   * The instance that owns a key and, behind it, the next `count - 1` available ones.
   *
   * Throws `not_ready`, `service_not_found`, and `no_available_owner` when all are critical.
   */
  place(service: string, key: RingKey, count: number): Placement {
    const { ring, revision } = this.ring(service);
    const { state } = this.#view;
    const available = (member: Member) => isAvailable(state, member);
    const members =
      typeof key === 'string'
        ? ring.preferenceList(key, count, available)
        : ring.preferenceListAt(key.hash, count, available);
    const preference = members.flatMap((member) => placed(state, member));
    if (preference.length === 0)
      throw new RollcallError('no_available_owner', `All instances of service "${service}" are critical`);
    return {
      hash: typeof key === 'string' ? ring.hash(key) : key.hash,
      revision,
      digest: ring.digest,
      preference,
    };
  }

  #cache(name: string, built: ServiceRing): void {
    this.#rings.delete(name);
    this.#rings.set(name, built);
    const [oldest] = this.#rings.keys();
    if (this.#rings.size > MAX_CACHED && oldest !== undefined) this.#rings.delete(oldest);
  }
}

function isAvailable(state: State, member: Member): boolean {
  const instance = state.instances.get(member.id);
  if (instance === undefined) return false;
  const checks = [
    ...state.checksOf(instance.node, '').values(),
    ...state.checksOf(instance.node, instance.id).values(),
  ];
  return worstStatus(checks) !== 'critical';
}

function placed(state: State, member: Member): Placed[] {
  const instance = state.instances.get(member.id);
  const node = instance && state.node(instance.node);
  return instance === undefined || node === undefined ? [] : [{ instance, node }];
}
