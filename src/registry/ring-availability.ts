import { topics, worstStatus, type Revision, type RingMember, type State } from '../core/index.ts';
import { ZonedRing, type KeyOrHash, type Ring } from '../core/ring/index.ts';
import type { RestrictedRing } from './restricted-ring.ts';
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
  readonly #restricted: RestrictedRing;

  /** `restricted` is the service's, and goes from one to the next. */
  constructor(service: string, state: State, restricted: RestrictedRing) {
    this.#service = service;
    this.#restricted = restricted;
    this.#state = state;
    this.#revision = state.topic(topics.service(service));
  }

  /** What is to be said of the service once this does not hold any more. */
  next(state: State): Availability {
    return new Availability(this.#service, state, this.#restricted);
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
    { ring }: ServiceRing,
    key: KeyOrHash,
    count: number,
    options: PlaceOptions = {},
  ): RingMember[] {
    if (ring.skipsUnavailable) return listOf(ring, key, count, options, this.has);
    const exact = this.#restricted.among(ring, this);
    if (exact !== undefined) return listOf(exact, key, count, options, undefined);
    for (const overlay of this.#restricted.overlays(ring)) {
      const list = listOf(overlay, key, count, options, this.has);
      if (list.length > 0) return list;
    }
    return [];
  }

  /** Whether lists are those of a placement made before the last change of health, passing over who is unavailable now. */
  isProvisional({ ring }: ServiceRing): boolean {
    return !ring.skipsUnavailable && !this.#restricted.isExact(ring, this);
  }
}

function listOf(
  ring: Ring<RingMember>,
  key: KeyOrHash,
  count: number,
  { zone = '', isSpread = false }: PlaceOptions,
  isAvailable: Availability['has'] | undefined,
): RingMember[] {
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
