import {
  DEFAULT_PROTECTION,
  RollcallError,
  type ProtectionPolicy,
  type State,
  type StateCommit,
} from '../core/index.ts';
import type { Hashes } from '../core/ring/index.ts';
import type { Clock } from '../platform/clock.ts';
import type { Random } from '../platform/random.ts';
import { compileGroups } from '../platform/regexp.ts';
import { StoreError, type FailoverReport, type Store, type StoreDetails } from '../store/store.ts';
import type { View } from '../view/view.ts';
import { Catalog } from './catalog.ts';
import { Cluster } from './cluster.ts';
import { Committer } from './committer.ts';
import { ConfigEntries } from './config-entries.ts';
import { Coordinates } from './coordinates.ts';
import { Events } from './events.ts';
import { Health } from './health.ts';
import { Heartbeats } from './heartbeats.ts';
import { Jobs } from './jobs.ts';
import { Kv } from './kv.ts';
import { Leases } from './leases.ts';
import { NodeCondition } from './node-condition.ts';
import { Protection } from './protection.ts';
import { Queries } from './queries.ts';
import { Reads } from './reads.ts';
import { Renewals } from './renewals.ts';
import { RingFeed } from './ring-feed.ts';
import { RingLeases } from './ring-leases.ts';
import { RingMovements } from './ring-movements.ts';
import { RingPolicies } from './ring-policies.ts';
import { Rings } from './rings.ts';
import { ServiceFeed } from './service-feed.ts';
import { Sessions } from './sessions.ts';
import { Settings } from './settings.ts';
import { Snapshots } from './snapshot.ts';
import { Transactions } from './transactions.ts';

/** Who this registry node is, and whom it answers for. */
export interface Identity {
  readonly datacenter: string;
  /** This registry node in the catalog. */
  readonly nodeName: string;
  readonly nodeId: string;
  /** The logical node that self-registered services live on, shared by all registry nodes. */
  readonly agentName: string;
  readonly agentId: string;
  /** IP address this node is reached at. */
  readonly address: string;
  readonly version: string;
}

interface Deps {
  readonly identity: Identity;
  readonly store: Store;
  readonly view: View;
  readonly clock: Clock;
  readonly random: Random;
  readonly hashes: Hashes;
  readonly outputIntervalMs: number;
  /** Default: `DEFAULT_PROTECTION`. */
  readonly protection?: ProtectionPolicy;
  readonly onEpochChanged: () => void;
}

/** The use cases that dialects and the runtime call; one per registry node. */
export class Registry {
  readonly identity: Identity;
  readonly catalog: Catalog;
  readonly cluster: Cluster;
  readonly configEntries: ConfigEntries;
  readonly coordinates: Coordinates;
  readonly events: Events;
  readonly health: Health;
  readonly heartbeats: Heartbeats;
  readonly jobs: Jobs;
  readonly kv: Kv;
  readonly condition: NodeCondition;
  readonly leases: Leases;
  readonly protection: Protection;
  readonly queries: Queries;
  readonly reads: Reads;
  readonly rings: Rings;
  readonly ringLeases: RingLeases;
  readonly ringMovements: RingMovements;
  readonly ringPolicies: RingPolicies;
  readonly sessions: Sessions;
  readonly settings: Settings;
  readonly snapshots: Snapshots;
  readonly transactions: Transactions;
  readonly #view: View;
  readonly #store: Store;
  readonly #clock: Clock;
  readonly #renewals: Renewals;
  readonly #resync: () => void;

  constructor(deps: Deps) {
    const { store, view, clock } = deps;
    const committer = new Committer(deps);
    const renewals = new Renewals({
      store,
      clock,
      onUnknown: (leases) => this.health.regrant(leases),
    });
    this.#renewals = renewals;
    this.identity = deps.identity;
    this.#view = view;
    this.#store = store;
    this.#clock = clock;
    this.#resync = deps.onEpochChanged;
    this.catalog = new Catalog(committer);
    this.condition = new NodeCondition(clock);
    this.kv = new Kv(committer);
    this.settings = new Settings(committer);
    this.jobs = new Jobs({ view, settings: this.settings });
    this.cluster = new Cluster({
      view,
      settings: this.settings,
      hash64: deps.hashes.xxh64,
      nodeName: deps.identity.nodeName,
    });
    this.protection = new Protection({
      source: view,
      settings: this.settings,
      clock,
      policy: deps.protection ?? DEFAULT_PROTECTION,
    });
    this.configEntries = new ConfigEntries(this.settings);
    this.coordinates = new Coordinates(committer);
    this.snapshots = new Snapshots({ ...deps, committer });
    this.events = new Events(committer, deps.random);
    this.leases = new Leases({ store, view, committer, sweeper: deps.identity.nodeId });
    this.sessions = new Sessions({ committer, renewals, view, random: deps.random });
    this.health = new Health({
      committer,
      renewals,
      view,
      clock,
      outputIntervalMs: deps.outputIntervalMs,
    });
    this.heartbeats = new Heartbeats({ health: this.health, committer, view });
    this.reads = new Reads(store, view, this.condition);
    this.queries = new Queries({ committer, view, random: deps.random, groups: compileGroups });
    this.transactions = new Transactions(committer, this.reads);
    this.rings = new Rings(deps);
    this.ringLeases = new RingLeases({ ...deps, committer, rings: this.rings });
    this.ringMovements = new RingMovements({ ...deps, rings: this.rings });
    this.ringPolicies = new RingPolicies({
      committer,
      view,
      rings: this.rings,
      movements: this.ringMovements,
    });
  }

  /** The catalog in memory, as old as `reads.freshness()` says; hold it for one turn only. */
  get state(): State {
    return this.#view.state;
  }

  /** Whether the catalog has been loaded; nothing is served before. */
  get ready(): boolean {
    return this.#view.ready;
  }

  /** Has this node's memory compared with the store again, as after a time in which it could not follow. */
  resync(): void {
    this.#resync();
  }

  /** Calls `listener` after every change of the catalog, with what changed; with nothing where all of it may have. */
  onChange(listener: (commits: readonly StateCommit[]) => void): () => void {
    return this.#view.onCommits(listener);
  }

  /** Tells of changes of a service's ring, until it is closed. */
  ringFeed(service: string): RingFeed {
    return new RingFeed({ rings: this.rings, view: this.#view }, service);
  }

  /** Tells of changes of a service, until it is closed. */
  serviceFeed(service: string): ServiceFeed {
    return new ServiceFeed({ view: this.#view, clock: this.#clock }, service);
  }

  /** Sends the heartbeats that have been taken; never rejects. For a node that stops. */
  flush(): Promise<void> {
    return this.#renewals.flush();
  }

  /** What operators want to know about the store and this node's view of it. */
  status(): {
    store: string;
    storeAvailable: boolean;
    revision: number;
    ageMs: number;
    lostRevisions: number;
    waiters: number;
    redis?: StoreDetails;
  } {
    const { view, store } = { view: this.#view, store: this.#store };
    const redis = store.details?.();
    return {
      store: store.kind,
      storeAvailable: store.status().available,
      revision: view.state.revision,
      ageMs: Math.round(view.ageMs),
      lostRevisions: view.lostRevisions,
      waiters: view.waiters,
      ...(redis === undefined ? {} : { redis }),
    };
  }

  /** Has another server of the store take over, losing nothing. Throws `failover_refused`. */
  async failOver(): Promise<FailoverReport> {
    const store = this.#store;
    if (store.failover === undefined)
      throw new RollcallError('failover_refused', 'The store is in this process');
    return store.failover().catch((error: unknown) => {
      throw error instanceof StoreError ? new RollcallError('failover_refused', error.message) : error;
    });
  }
}
