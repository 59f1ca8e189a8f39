import {
  checkKey,
  nodeKey,
  REGISTRY_SERVICE,
  topics,
  VERSION_META,
  worstStatus,
  type Instance,
  type Revision,
  type State,
} from '../../core/index.ts';
import { buildRing, DEFAULT_POLICY, type Hash64, type Ring } from '../../core/ring/index.ts';
import type { Registry } from '../../registry/index.ts';

/** Check of a registry node that lives by its heartbeats; `warning` while the node doubts itself. */
export const SERVICE_CHECK = `service:${REGISTRY_SERVICE}`;
/** How long a registry node may be silent before its checks go to others. */
export const MEMBERSHIP_TTL_MS = 6000;
/** Topic that moves with the ring of registry nodes. */
const RING_TOPIC = topics.service(REGISTRY_SERVICE);

/** What a result is good for: the ring as it was when the check was run. */
export interface RingFence {
  readonly topic: string;
  readonly revision: Revision;
}

/**
 * Which registry node runs which check: a ring of the registry nodes that are alive and trust themselves; of all that
 * are alive where none does.
 *
 * Pure in the catalog, so nodes with the same view agree; when one joins or dies only its share moves.
 */
export class Assignment {
  readonly #registry: Pick<Registry, 'identity' | 'state'>;
  readonly #hash64: Hash64;
  readonly #self: string;
  #revision = -1;
  #names: readonly string[] = [];
  #areTrusted = false;
  #ring: Ring | undefined;

  constructor(registry: Pick<Registry, 'identity' | 'state'>, hash64: Hash64) {
    this.#registry = registry;
    this.#hash64 = hash64;
    this.#self = nodeKey(registry.identity.nodeName);
  }

  /** Catches up with the catalog; says whether the ring is another one since. */
  refresh(): boolean {
    const { state } = this.#registry;
    const revision = state.topic(RING_TOPIC);
    if (revision === this.#revision) return false;
    this.#revision = revision;
    const { names, areTrusted } = registryNodes(state);
    this.#areTrusted = areTrusted;
    if (names.length === this.#names.length && names.every((name, i) => name === this.#names[i]))
      return false;
    this.#names = names;
    const members = names.map((name) => ({ id: name, hashKey: name }));
    this.#ring = buildRing(members, DEFAULT_POLICY, this.#hash64);
    return true;
  }

  /** What the owner's writes hold on to: as soon as the ring is another one, they are refused. */
  get fence(): RingFence {
    return { topic: RING_TOPIC, revision: this.#revision };
  }

  /** Whether there is another node that trusts itself; where all doubt themselves at once, it is the checks that fail. */
  get hasOther(): boolean {
    return this.#areTrusted && this.#names.some((name) => name !== this.#self);
  }

  /** Whether this node runs what the key names; false while it is not in the ring itself. */
  owns(key: string): boolean {
    return this.#ring?.owner(key)?.id === this.#self;
  }
}

interface RegistryNodes {
  /** Keys of those that take part, sorted. */
  readonly names: readonly string[];
  readonly areTrusted: boolean;
}

function registryNodes(state: State): RegistryNodes {
  const alive = [...state.instancesOf(REGISTRY_SERVICE).values()]
    .filter((instance) => instance.meta?.[VERSION_META] !== undefined && isAlive(state, instance))
    .map((instance) => nodeKey(instance.node))
    .sort();
  const trusted = alive.filter(
    (name) => state.checks.get(checkKey(name, SERVICE_CHECK))?.status !== 'warning',
  );
  const areTrusted = trusted.length > 0;
  return { names: areTrusted ? trusted : alive, areTrusted };
}

function isAlive(state: State, instance: Instance): boolean {
  if (instance.id !== REGISTRY_SERVICE) return false;
  const checks = [...state.checksOn(instance.node).values()];
  const own = checks.filter(({ instanceId }) => instanceId === '' || instanceId === instance.id);
  return worstStatus(own) !== 'critical';
}
