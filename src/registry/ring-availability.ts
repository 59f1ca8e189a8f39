import { topics, worstStatus, type Revision, type RingMember, type State } from '../core/index.ts';
import { ZonedRing, type KeyOrHash, type Ring } from '../core/ring/index.ts';
import type { ServiceRing } from './ring-build.ts';

export interface PlaceOptions {
  /** Instances of this zone come first; left out, none do. */
  readonly zone?: string;
  /** One instance of each zone before the second of any. */
  readonly isSpread?: boolean;
}

/** Which members of a service's ring may be answered: those that are there and not critical. */
export class Availability {
  readonly #service: string;
  readonly #state: State;
  readonly #revision: Revision;
  readonly #known = new Map<string, boolean>();
  #restricted: { readonly of: Ring<RingMember>; readonly ring: Ring<RingMember> } | undefined;

  constructor(service: string, state: State) {
    this.#service = service;
    this.#state = state;
    this.#revision = state.topic(topics.service(service));
  }

  /** Whether it holds for a state still. */
  isOf(state: State): boolean {
    return state === this.#state && this.#revision === state.topic(topics.service(this.#service));
  }

  readonly has = ({ id }: Pick<RingMember, 'id'>): boolean => {
    const known = this.#known.get(id);
    if (known !== undefined) return known;
    const answer = isAvailable(this.#state, id);
    this.#known.set(id, answer);
    return answer;
  };

  /** The first `count` available members for a key, the owner first. */
  preferenceList(
    { ring: all }: ServiceRing,
    key: KeyOrHash,
    count: number,
    { zone = '', isSpread = false }: PlaceOptions = {},
  ): RingMember[] {
    const ring = all.skipsUnavailable ? all : this.#among(all);
    const isAvailable = all.skipsUnavailable ? this.has : undefined;
    if (zone !== '' || isSpread) {
      const local = zone === '' ? {} : { localZone: zone };
      const overlay = isAvailable === undefined ? {} : { isAvailable };
      return zonedOf(ring).preferenceList(key, count, { ...local, ...overlay });
    }
    if (typeof key !== 'string') return ring.preferenceListAt(key.hash, count, isAvailable);
    if (count > 1) return ring.preferenceList(key, count, isAvailable);
    const owner = ring.owner(key, isAvailable);
    return owner === undefined ? [] : [owner];
  }

  /** The ring of the available members alone, built once for all lookups until somebody's health changes. */
  #among(ring: Ring<RingMember>): Ring<RingMember> {
    if (this.#restricted?.of === ring) return this.#restricted.ring;
    const remove = ring.members.filter((member) => !this.has(member)).map(({ id }) => id);
    this.#restricted = { of: ring, ring: remove.length === 0 ? ring : ring.with({ remove }) };
    return this.#restricted.ring;
  }
}

function isAvailable(state: State, key: string): boolean {
  const instance = state.instances.get(key);
  if (instance === undefined) return false;
  const { node, id } = instance;
  const checks = [...state.checksOf(node, '').values(), ...state.checksOf(node, id).values()];
  return worstStatus(checks) !== 'critical';
}

const zonedRings = new WeakMap<Ring<RingMember>, ZonedRing<RingMember>>();

function zonedOf(ring: Ring<RingMember>): ZonedRing<RingMember> {
  const zoned = zonedRings.get(ring) ?? new ZonedRing(ring, ({ zone }) => zone);
  zonedRings.set(ring, zoned);
  return zoned;
}
