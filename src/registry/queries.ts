import {
  compileTemplate,
  decideQueryDelete,
  decideQueryPut,
  findQuery,
  RollcallError,
  selectForQuery,
  serviceQuery,
  sortedByDistance,
  type GroupMatcher,
  type InstanceView,
  type PreparedQuery,
  type QueryTarget,
  type Render,
  type Stored,
} from '../core/index.ts';
import type { Random } from '../platform/random.ts';
import type { View } from '../view/view.ts';
import type { Committer } from './committer.ts';

interface Deps {
  readonly committer: Committer;
  readonly view: View;
  readonly random: Random;
  readonly groups: GroupMatcher;
}

export interface QueryExecution {
  /** Node to sort by distance from, rather than what the query says. */
  readonly near?: string;
  /** Name of the node that the query means by `_agent`. */
  readonly agent?: string;
  /** Most instances to find; 0 or left out for all. */
  readonly limit?: number;
  /** The instances to choose from; default: those of the query's service. */
  readonly instancesOf?: (target: QueryTarget) => readonly InstanceView[] | undefined;
}

export interface QueryResult {
  readonly query: Stored<PreparedQuery>;
  /** What the query looked for, with its template filled in. */
  readonly target: QueryTarget;
  /** In the order to try them. */
  readonly instances: readonly InstanceView[];
}

/** How deep the node that somebody wants to be near to is looked for, to be put in front. */
const LOCAL_WITHIN = 10;

/** Keeps and executes prepared queries. */
export class Queries {
  readonly #deps: Deps;
  /** Records never change, so a template is compiled once. */
  readonly #compiled = new WeakMap<PreparedQuery, Render>();

  constructor(deps: Deps) {
    this.#deps = deps;
  }

  /** Resolves with the new query's id. Throws `invalid_request` for a bad template, and as `decideQueryPut`. */
  async create(query: Omit<PreparedQuery, 'id'>): Promise<string> {
    const id = this.#deps.random.uuid();
    await this.#put({ ...query, id }, true);
    return id;
  }

  /** Replaces the query with that id. Throws as `create`. */
  async update(query: PreparedQuery): Promise<void> {
    await this.#put(query, false);
  }

  /** Throws `query_not_found`, and what a commit throws. */
  async delete(id: string): Promise<void> {
    await this.#deps.committer.commit((state) => decideQueryDelete(state, id));
  }

  /**
   * The query that a name or id means, and what it looks for, from memory.
   *
   * Throws `invalid_request` for the id of a template, and for a template that the name cannot fill in.
   */
  resolve(nameOrId: string): Pick<QueryResult, 'query' | 'target'> | undefined {
    const query = findQuery(this.#deps.view.state, nameOrId);
    if (query === undefined) return undefined;
    return { query, target: query.template === undefined ? query.target : this.#render(query)(nameOrId) };
  }

  /**
   * Executes the query that a name or id means, from memory; undefined if there is none. Throws as `resolve`.
   *
   * Instances come shuffled, then by distance where that is known. No other datacenter is ever asked.
   */
  execute(nameOrId: string, options: QueryExecution = {}): QueryResult | undefined {
    const { view, random } = this.#deps;
    if (!view.ready) throw new RollcallError('not_ready');
    const resolved = this.resolve(nameOrId);
    if (resolved === undefined) return undefined;
    const { target } = resolved;
    const found = options.instancesOf?.(target) ?? serviceQuery(target.service).run(view.state);
    const shuffled = shuffle(selectForQuery(found, target), random);
    const asked = options.near ?? target.near;
    const near = asked === '_agent' ? (options.agent ?? '') : asked;
    const ordered = near === '' ? shuffled : localFirst(this.#byDistance(near, shuffled), near);
    const limit = options.limit ?? 0;
    return { ...resolved, instances: limit > 0 ? ordered.slice(0, limit) : ordered };
  }

  #byDistance(near: string, views: readonly InstanceView[]): InstanceView[] {
    return sortedByDistance(this.#deps.view.state, near, views, ({ node }) => node.name);
  }

  async #put(query: PreparedQuery, isNew: boolean): Promise<void> {
    const { committer, groups } = this.#deps;
    await committer.commit((state) => {
      const decision = decideQueryPut(state, query, isNew);
      if (query.template !== undefined) compileTemplate(query, groups);
      return decision;
    });
  }

  #render(query: PreparedQuery): Render {
    const render = this.#compiled.get(query) ?? compileTemplate(query, this.#deps.groups);
    this.#compiled.set(query, render);
    return render;
  }
}

/** Whoever is wanted nearby comes first where it is among the first anyway. */
function localFirst(views: readonly InstanceView[], near: string): InstanceView[] {
  const at = views.slice(0, LOCAL_WITHIN).findIndex(({ node }) => node.name === near);
  const [first, local] = [views[0], views[at]];
  if (at <= 0 || first === undefined || local === undefined) return [...views];
  return views.map((view, i) => (i === 0 ? local : i === at ? first : view));
}

function shuffle<T>(items: readonly T[], random: Random): T[] {
  const shuffled = [...items];
  for (let i = shuffled.length - 1; i > 0; i--) {
    const j = Math.floor(random.fraction() * (i + 1));
    const [a, b] = [shuffled[i], shuffled[j]];
    if (a === undefined || b === undefined) continue;
    shuffled[i] = b;
    shuffled[j] = a;
  }
  return shuffled;
}
