import { nodeKey, topics, worstStatus, type Instance, type State } from '../../core/index.ts';
import { buildRing, DEFAULT_POLICY, type Hash64, type Ring } from '../../core/ring/index.ts';
import type { Registry } from '../../registry/index.ts';

/** The service, and the id of its instance on each node, that registry nodes are in the catalog. */
export const REGISTRY_SERVICE = 'consul';
/** Key of the instance's metadata that tells a registry node from others who use the name. */
export const VERSION_META = 'rollcall-version';

/**
 * Which registry node runs which check: a ring of the registry nodes that are alive.
 *
 * Pure in the catalog, so nodes with the same view agree; when one joins or dies only its share moves.
 */
export class Assignment {
  readonly #registry: Pick<Registry, 'identity' | 'state'>;
  readonly #hash64: Hash64;
  readonly #self: string;
  #revision = -1;
  #names: readonly string[] = [];
  #ring: Ring | undefined;

  constructor(registry: Pick<Registry, 'identity' | 'state'>, hash64: Hash64) {
    this.#registry = registry;
    this.#hash64 = hash64;
    this.#self = nodeKey(registry.identity.nodeName);
  }

  /** Catches up with the catalog; says whether the ring is another one since. */
  refresh(): boolean {
    const { state } = this.#registry;
    const revision = state.topic(topics.service(REGISTRY_SERVICE));
    if (revision === this.#revision) return false;
    this.#revision = revision;
    const names = registryNodes(state);
    if (names.length === this.#names.length && names.every((name, i) => name === this.#names[i]))
      return false;
    this.#names = names;
    const members = names.map((name) => ({ id: name, hashKey: name }));
    this.#ring = buildRing(members, DEFAULT_POLICY, this.#hash64);
    return true;
  }

  /** Whether this node runs what the key names; false while it is not in the ring itself. */
  owns(key: string): boolean {
    return this.#ring?.owner(key)?.id === this.#self;
  }
}

/** Keys of the nodes that take part, sorted. */
function registryNodes(state: State): string[] {
  return [...state.instancesOf(REGISTRY_SERVICE).values()]
    .filter((instance) => instance.meta?.[VERSION_META] !== undefined && isAlive(state, instance))
    .map((instance) => nodeKey(instance.node))
    .sort();
}

function isAlive(state: State, instance: Instance): boolean {
  if (instance.id !== REGISTRY_SERVICE) return false;
  const checks = [...state.checksOn(instance.node).values()];
  const own = checks.filter(({ instanceId }) => instanceId === '' || instanceId === instance.id);
  return worstStatus(own) !== 'critical';
}
