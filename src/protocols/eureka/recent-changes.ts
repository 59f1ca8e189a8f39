import {
  instanceKey,
  type Change,
  type Check,
  type Instance,
  type Node,
  type State,
  type StateCommit,
  type Stored,
} from '../../core/index.ts';
import type { Clock } from '../../platform/clock.ts';
import { SlicedWalk } from '../../platform/sliced-walk.ts';
import { infoOf, isListed, isRegistered } from './catalog-mapping.ts';
import type { Application, LastRenewed } from './applications.ts';
import type { InstanceInfo } from './instance-info.ts';

/** Clients ask for a delta every 30 seconds; one that missed this long fetches in full. */
const RETENTION_MS = 180_000;
const PURGE_INTERVAL_MS = 30_000;
/** Above it the oldest are forgotten: clients then count another hash code and fetch in full. */
const MAX_ENTRIES = 200_000;
const MAX_EVENTS = 1000;

/** An instance as it was when it was looked at last. */
interface Known {
  readonly instance: Stored<Instance>;
  readonly node: Node | undefined;
  readonly info: InstanceInfo;
}

interface Entry {
  readonly changedAt: number;
  readonly action: InstanceInfo['actionType'];
  /** The instance's key in the catalog. */
  readonly key: string;
  /** Live instances are shown as they are when somebody asks, deleted ones as this says. */
  readonly info: InstanceInfo;
}

/** That an instance came or went, for people to read. */
export interface RecentEvent {
  readonly at: number;
  readonly instance: string;
}

interface Source {
  readonly state: State;
  readonly ready: boolean;
  onChange(listener: (commits: readonly StateCommit[]) => void): () => void;
}

/**
 * Which instances have changed in the last 180 seconds, as this node followed the catalog since it was asked to.
 *
 * One entry for each instance, the last change wins. After a new snapshot everything there is counts as
 * added and everything that has gone as deleted, because what happened in between is not known. A large catalog is
 * gone through in slices: until that is done changes are missing, and clients count another hash code than they are told.
 */
export class RecentChanges {
  readonly #source: Source;
  readonly #clock: Clock;
  #known = new Map<string, Known>();
  /** What was known before the last snapshot, of what has not been looked at since. */
  #before = new Map<string, Known>();
  readonly #walk: SlicedWalk;
  /** Whether entries have come without a commit, since somebody asked. */
  #hasGrown = false;
  /** Critical checks: the end of one shows too, and then it can no longer be read what it was about. */
  readonly #critical = new Map<string, Check>();
  /** By application and id, the oldest change first. */
  readonly #entries = new Map<string, Entry>();
  readonly #registered: RecentEvent[] = [];
  readonly #cancelled: RecentEvent[] = [];
  readonly #listeners: ((key: string) => void)[] = [];
  #purgedAt = Number.NEGATIVE_INFINITY;
  #isFollowing = false;

  constructor(source: Source, clock: Clock) {
    this.#source = source;
    this.#clock = clock;
    this.#walk = new SlicedWalk(clock);
  }

  /** Follows the catalog from now on: where nobody speaks Eureka, nobody pays for it. */
  begin(): void {
    if (this.#isFollowing) return;
    this.#isFollowing = true;
    this.#source.onChange((commits) => {
      if (commits.length === 0) this.#restart();
      else this.#follow(commits);
    });
    if (this.#source.ready) this.#restart();
  }

  /** Calls `listener` with the catalog's key of each instance that comes, goes or changes from now on. */
  onChange(listener: (key: string) => void): void {
    this.#listeners.push(listener);
  }

  /** Forgets what is past the retention, at most every 30 seconds; whether anything has changed but by commits. */
  purge(): boolean {
    const now = this.#clock.monotonic();
    const hasGrown = this.#hasGrown;
    this.#hasGrown = false;
    if (now - this.#purgedAt < PURGE_INTERVAL_MS) return hasGrown;
    this.#purgedAt = now;
    const before = this.#entries.size;
    for (const [id, { changedAt }] of this.#entries) {
      if (now - changedAt <= RETENTION_MS) break;
      this.#entries.delete(id);
    }
    return hasGrown || this.#entries.size < before;
  }

  /**
   * Applications with what has changed in them, by name.
   *
   * Deleted instances come last: Java's client takes the whole of an application that is new to it, with
   * what was deleted before it came to an addition.
   */
  applications(lastRenewed: LastRenewed): Application[] {
    const byName = new Map<string, { live: InstanceInfo[]; deleted: InstanceInfo[] }>();
    for (const entry of this.#entries.values()) {
      const info = this.#shown(entry, lastRenewed);
      const held = byName.get(info.app) ?? { live: [], deleted: [] };
      held[entry.action === 'DELETED' ? 'deleted' : 'live'].push(info);
      byName.set(info.app, held);
    }
    return [...byName]
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([name, { live, deleted }]) => ({ name, instances: [...live, ...deleted] }));
  }

  /** The last thousand that came and that went, the newest first. */
  events(): { readonly registered: readonly RecentEvent[]; readonly cancelled: readonly RecentEvent[] } {
    return { registered: this.#registered.toReversed(), cancelled: this.#cancelled.toReversed() };
  }

  #shown({ action, key, info }: Entry, lastRenewed: LastRenewed): InstanceInfo {
    if (action === 'DELETED') return info;
    const { state } = this.#source;
    const instance = state.instances.get(key);
    const live = (instance && infoOf(state, instance, lastRenewed(instance))) ?? info;
    return live.actionType === action ? live : { ...live, actionType: action };
  }

  #restart(): void {
    const { state } = this.#source;
    this.#critical.clear();
    for (const [key, check] of state.checks) if (check.status === 'critical') this.#critical.set(key, check);
    const interrupted = this.#before;
    this.#before = this.#known;
    for (const [key, known] of interrupted) if (!this.#known.has(key)) this.#before.set(key, known);
    this.#known = new Map();
    const walked = this.#walk.begin(this.#keysToLookAt(state), (key) => {
      if (!this.#known.has(key)) this.#lookAt(key);
    });
    void walked.then(() => (this.#hasGrown = true));
  }

  /** Gone first: an instance that moved to another node is deleted there and added here. */
  *#keysToLookAt(state: State): Generator<string> {
    for (const key of this.#before.keys()) if (!state.instances.has(key)) yield key;
    yield* state.instances.keys();
  }

  #follow(commits: readonly StateCommit[]): void {
    const keys = new Set<string>();
    for (const { changes } of commits) for (const change of changes) this.#collect(change, keys);
    const { instances } = this.#source.state;
    // Gone first: an instance that moved to another node is deleted there and added here.
    for (const key of keys) if (!instances.has(key)) this.#lookAt(key);
    for (const key of keys) if (instances.has(key)) this.#lookAt(key);
  }

  /** Adds the keys of the instances that a change may show on. */
  #collect(change: Pick<Change, 'table' | 'key'>, keys: Set<string>): void {
    const { state } = this.#source;
    if (change.table === 'instance') keys.add(change.key);
    const node = change.table === 'node' ? state.nodes.get(change.key) : undefined;
    if (node !== undefined) this.#collectNode(node.name, keys);
    if (change.table !== 'check') return;
    const was = this.#critical.get(change.key);
    const check = state.checks.get(change.key);
    const is = check?.status === 'critical' ? check : undefined;
    if (is === undefined) this.#critical.delete(change.key);
    else this.#critical.set(change.key, is);
    for (const about of [was, is]) {
      if (about === undefined) continue;
      if (about.instanceId === '') this.#collectNode(about.node, keys);
      else keys.add(instanceKey(about.node, about.instanceId));
    }
  }

  #collectNode(node: string, keys: Set<string>): void {
    for (const key of this.#source.state.instancesOn(node).keys()) keys.add(key);
  }

  #lookAt(key: string): void {
    const { state } = this.#source;
    const instance = state.instances.get(key);
    const info = instance && isListed(instance) ? infoOf(state, instance, undefined) : undefined;
    const was = this.#known.get(key);
    const before = this.#before.get(key);
    this.#before.delete(key);
    if (instance === undefined || info === undefined) {
      const last = was ?? before;
      if (last !== undefined) this.#gone(key, last.info);
      this.#known.delete(key);
      return;
    }
    const is = { instance, node: state.node(instance.node), info };
    this.#known.set(key, is);
    if (was !== undefined && was.node === is.node && shows(was, is)) return;
    if (was !== undefined && entryId(was.info) !== entryId(info)) this.#gone(key, was.info);
    const action = actionOf(was, is);
    if (action === 'ADDED') note(this.#registered, info, this.#clock.now());
    this.#enter({ key, action, info });
  }

  #gone(key: string, info: InstanceInfo): void {
    const now = this.#clock.now();
    note(this.#cancelled, info, now);
    const deleted = { ...info, actionType: 'DELETED', lastUpdatedAt: now, evictedAt: now } as const;
    this.#enter({ key, action: 'DELETED', info: deleted });
  }

  #enter(entry: Omit<Entry, 'changedAt'>): void {
    const id = entryId(entry.info);
    this.#entries.delete(id);
    this.#entries.set(id, { ...entry, changedAt: this.#clock.monotonic() });
    for (const listener of this.#listeners) listener(entry.key);
    for (const oldest of this.#entries.keys()) {
      if (this.#entries.size <= MAX_ENTRIES) break;
      this.#entries.delete(oldest);
    }
  }
}

/** Whether an instance on the same node shows as it did. */
function shows(was: Known, is: Known): boolean {
  return (
    was.instance === is.instance &&
    was.info.status === is.info.status &&
    was.info.overriddenStatus === is.info.overriddenStatus
  );
}

/** What made `is` of `was`; of one that registers through Eureka its registration says it. */
function actionOf(was: Known | undefined, { instance, info }: Known): InstanceInfo['actionType'] {
  const isNew = was === undefined || entryId(was.info) !== entryId(info);
  const isRenewed = was?.instance !== instance && isRegistered(instance);
  return isNew || isRenewed ? info.actionType : 'MODIFIED';
}

function entryId({ app, instanceId }: InstanceInfo): string {
  return `${app}\n${instanceId}`;
}

function note(events: RecentEvent[], { app, instanceId }: InstanceInfo, at: number): void {
  events.push({ at, instance: `${app}(${instanceId})` });
  if (events.length > MAX_EVENTS) events.shift();
}
