import {
  deepEqual,
  epochOf,
  instanceKey,
  nodeKey,
  REGISTRY_SERVICE,
  RollcallError,
  VERSION_META,
  worstStatus,
  type Check,
  type Instance,
  type State,
} from '../core/index.ts';
import type { Hash64 } from '../core/ring/index.ts';
import type { View } from '../view/view.ts';
import { digestOf, type CatalogDigest } from './digest.ts';
import type { Settings } from './settings.ts';

const REPORT = 'registry-node:';

/** What a registry node says of itself to the others. */
export interface NodeReport {
  /** `sweeper` ends leases, `housekeeper` does the chores; one node each. */
  readonly roles: readonly ('sweeper' | 'housekeeper')[];
  /** Health checks that it runs. */
  readonly checks: number;
  /** Acknowledged revisions that were lost while it watched. */
  readonly lostRevisions: number;
}

/** A registry node as the others see it; what it has not said is undefined. */
export interface ClusterNode extends Partial<NodeReport> {
  readonly name: string;
  readonly address: string;
  readonly httpPort: number;
  readonly version: string;
  /** `critical` once it has been silent for six seconds, `warning` while it doubts itself. */
  readonly status: Check['status'];
  /** Why, where it is not passing. */
  readonly reason: string;
}

export interface ClusterOverview {
  readonly epoch: number;
  readonly nodes: readonly ClusterNode[];
}

interface Deps {
  readonly view: View;
  readonly hash64: Hash64;
  readonly settings: Settings;
  /** Name of this registry node. */
  readonly nodeName: string;
}

/** The registry as a whole: its nodes, and what each of them does. */
export class Cluster {
  readonly #deps: Deps;
  #digesting: Promise<CatalogDigest | undefined> | undefined;

  constructor(deps: Deps) {
    this.#deps = deps;
  }

  /** From this node's view; a node's report is a few seconds old. */
  overview(): ClusterOverview {
    const { state } = this.#deps.view;
    const nodes = [...state.instancesOf(REGISTRY_SERVICE).values()]
      .filter(({ id, meta }) => id === REGISTRY_SERVICE && meta?.[VERSION_META] !== undefined)
      .map((instance) => nodeOf(state, instance))
      .sort((a, b) => (a.name < b.name ? -1 : 1));
    return { epoch: epochOf(state.revision), nodes };
  }

  /** Tells the other nodes; writes only what is new. Throws what a commit throws. */
  async report(report: NodeReport): Promise<void> {
    const { view, settings, nodeName } = this.#deps;
    const name = reportName(nodeName);
    if (!deepEqual(view.state.settings.get(name)?.value, report)) await settings.put(name, report);
  }

  /** Forgets the reports of nodes that have left the catalog. Throws what a commit throws. */
  async prune(): Promise<void> {
    const { view, settings } = this.#deps;
    const { state } = view;
    for (const name of [...state.settings.keys()])
      if (
        name.startsWith(REPORT) &&
        !state.instances.has(instanceKey(name.slice(REPORT.length), REGISTRY_SERVICE))
      )
        await settings.delete(name);
  }

  /** Digest of this node's view; throws `not_ready`, and `aborted` where the catalog changes too fast. */
  async digest(): Promise<CatalogDigest> {
    const { view, hash64 } = this.#deps;
    if (!view.ready) throw new RollcallError('not_ready');
    // Shared by all who ask meanwhile: it is of the catalog as it is when the work is done.
    this.#digesting ??= digestOf(() => view.state, hash64).finally(() => {
      this.#digesting = undefined;
    });
    const digest = await this.#digesting;
    if (digest === undefined)
      throw new RollcallError('aborted', 'The catalog changes too fast to be digested');
    return digest;
  }
}

function nodeOf(state: State, { node, address, port, meta }: Instance): ClusterNode {
  const checks = [...state.checksOn(node).values()].filter(
    ({ instanceId }) => instanceId === '' || instanceId === REGISTRY_SERVICE,
  );
  const status = worstStatus(checks);
  const report = state.settings.get(reportName(node))?.value as Partial<NodeReport> | undefined;
  return {
    name: node,
    address,
    httpPort: port,
    version: meta?.[VERSION_META] ?? '',
    status,
    reason: status === 'passing' ? '' : (checks.find((check) => check.status === status)?.output ?? ''),
    ...report,
  };
}

function reportName(node: string): string {
  return `${REPORT}${nodeKey(node)}`;
}
