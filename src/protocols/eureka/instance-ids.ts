import {
  GroupIndex,
  instanceKey,
  type Instance,
  type State,
  type StateCommit,
  type Stored,
} from '../../core/index.ts';
import { isListed, registeredId, shownId } from './catalog-mapping.ts';

/** Two names as long as the catalog takes them, and the colon. */
const MAX_LENGTH = 2049;

interface Source {
  readonly state: State;
  onChange(listener: (commits: readonly StateCommit[]) => void): () => void;
}

/**
 * Finds instances by the ids that Eureka clients know them by.
 *
 * Of those that registered through Eureka there is an index, made when somebody asks first; the id of any other one
 * is its node's name, a colon, and its own id.
 */
export class InstanceIds {
  readonly #source: Source;
  /** Keys in the catalog by id. */
  #keys = new GroupIndex<string>();
  /** Ids by key. */
  #ids = new Map<string, string>();
  #isBuilt = false;
  #isFollowing = false;

  constructor(source: Source) {
    this.#source = source;
  }

  /** The instance of an application with this id; app names compare without case, ids with it. */
  inApp(app: string, id: string): Stored<Instance> | undefined {
    const service = app.toLowerCase();
    return this.#find(id, (instance) => instance.service.toLowerCase() === service);
  }

  /** An instance of any application with this id. */
  inAny(id: string): Stored<Instance> | undefined {
    return this.#find(id, () => true);
  }

  #find(id: string, isWanted: (instance: Stored<Instance>) => boolean): Stored<Instance> | undefined {
    this.#build();
    const { instances } = this.#source.state;
    for (const key of this.#keys.get(id).values()) {
      const instance = instances.get(key);
      if (instance !== undefined && isWanted(instance) && isListed(instance)) return instance;
    }
    if (id.length > MAX_LENGTH) return undefined;
    for (let at = id.indexOf(':'); at >= 0; at = id.indexOf(':', at + 1)) {
      const instance = instances.get(instanceKey(id.slice(0, at), id.slice(at + 1)));
      if (instance === undefined || shownId(instance) !== id) continue;
      if (isWanted(instance) && isListed(instance)) return instance;
    }
    return undefined;
  }

  #build(): void {
    if (this.#isBuilt) return;
    this.#isBuilt = true;
    this.#keys = new GroupIndex();
    this.#ids = new Map();
    for (const [key, instance] of this.#source.state.instances) this.#set(key, instance);
    if (this.#isFollowing) return;
    this.#isFollowing = true;
    this.#source.onChange((commits) => this.#follow(commits));
  }

  #follow(commits: readonly StateCommit[]): void {
    if (commits.length === 0) this.#isBuilt = false;
    if (!this.#isBuilt) return;
    const { instances } = this.#source.state;
    for (const { changes } of commits)
      for (const { table, key } of changes) if (table === 'instance') this.#set(key, instances.get(key));
  }

  #set(key: string, instance: Instance | undefined): void {
    const before = this.#ids.get(key);
    const id = instance && registeredId(instance);
    if (id === before) return;
    if (before !== undefined) {
      this.#keys.delete(before, key);
      this.#ids.delete(key);
    }
    if (id !== undefined) {
      this.#keys.set(id, key, key);
      this.#ids.set(key, id);
    }
  }
}
