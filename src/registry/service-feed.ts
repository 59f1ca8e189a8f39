import {
  instanceKey,
  nodeKey,
  serviceQuery,
  topics,
  type InstanceView,
  type Revision,
} from '../core/index.ts';
import type { Clock } from '../platform/clock.ts';
import type { View } from '../view/view.ts';

/** A service for somebody who knows an earlier revision of it. */
export interface ServiceNews {
  readonly revision: Revision;
  /** Whether `changed` is all there is, because nobody can tell what changed, or nothing is known. */
  readonly isFull: boolean;
  readonly changed: readonly InstanceView[];
  /** Instances that are gone; there may be some that the reader never knew. */
  readonly removed: readonly RemovedInstance[];
}

interface RemovedInstance {
  readonly node: string;
  readonly id: string;
}

interface Held {
  readonly view: InstanceView;
  readonly changedAt: Revision;
}

/** Changes of a service that come within this time are told as one. */
const GATHER_MS = 20;
/** Longest that listeners are told before others get their turn. */
const SLICE_MS = 4;
/** Removals that are remembered; a reader that is behind them gets all there is. */
const MAX_REMOVED = 10_000;

/** Tells listeners when a service changes, at most every 20 ms. */
export class ServiceFeed {
  readonly #view: View;
  readonly #clock: Clock;
  readonly #service: string;
  readonly #listeners = new Set<() => void>();
  readonly #unfollow: () => void;
  readonly #held = new Map<string, Held>();
  readonly #removed = new Map<string, RemovedInstance & { readonly at: Revision }>();
  /** What changed up to here is not known. */
  #since: Revision;
  #revision: Revision;
  #isPending = false;
  /** How often there was reason to look. */
  #changes = 0;

  constructor({ view, clock }: { readonly view: View; readonly clock: Clock }, service: string) {
    this.#view = view;
    this.#clock = clock;
    this.#service = service;
    this.#revision = this.#since = view.state.revision;
    this.#compare();
    const topic = topics.service(service);
    this.#unfollow = view.onCommits((commits) => {
      if (commits.length === 0) this.#forget();
      if (commits.length === 0 || commits.some(({ touches }) => touches.includes(topic))) this.#gather();
    });
  }

  /** Listeners there are. */
  get size(): number {
    return this.#listeners.size;
  }

  get revision(): Revision {
    return this.#revision;
  }

  /** Calls `listener` whenever there may be news; returns how to stop. */
  listen(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Stops following; nobody listens any more. */
  close(): void {
    this.#unfollow();
  }

  /** What somebody who knows a revision has not been told; undefined where that is nothing. */
  newsSince(known: Revision | undefined): ServiceNews | undefined {
    const revision = this.#revision;
    if (known === revision) return undefined;
    const held = [...this.#held.values()];
    if (known === undefined || known < this.#since || known > revision)
      return { revision, isFull: true, changed: held.map(({ view }) => view), removed: [] };
    const changed = held.filter(({ changedAt }) => changedAt > known).map(({ view }) => view);
    const removed = [...this.#removed.values()].filter(({ at }) => at > known);
    return { revision, isFull: false, changed, removed };
  }

  #gather(): void {
    this.#changes++;
    if (this.#isPending) return;
    this.#isPending = true;
    setTimeout(() => void this.#tell(), GATHER_MS);
  }

  async #tell(): Promise<void> {
    const changes = this.#changes;
    if (this.#compare()) {
      let until = this.#clock.monotonic() + SLICE_MS;
      for (const listener of [...this.#listeners]) {
        listener();
        if (this.#clock.monotonic() < until) continue;
        await new Promise((resolve) => setImmediate(resolve));
        until = this.#clock.monotonic() + SLICE_MS;
      }
    }
    this.#isPending = false;
    if (this.#changes > changes && this.#listeners.size > 0) this.#gather();
  }

  /** Takes in what the service is now; whether that is another than before. */
  #compare(): boolean {
    const { state } = this.#view;
    const gone = new Set(this.#held.keys());
    let isChanged = false;
    for (const view of serviceQuery(this.#service).run(state)) {
      const key = instanceKey(view.instance.node, view.instance.id);
      gone.delete(key);
      const before = this.#held.get(key)?.view;
      if (before !== undefined && isSame(before, view)) continue;
      this.#held.set(key, { view, changedAt: state.revision });
      this.#removed.delete(key);
      isChanged = true;
    }
    for (const key of gone) {
      const instance = this.#held.get(key)?.view.instance;
      this.#held.delete(key);
      this.#removed.delete(key);
      if (instance !== undefined)
        this.#removed.set(key, { node: nodeKey(instance.node), id: instance.id, at: state.revision });
      isChanged = true;
    }
    for (const [key, { at }] of this.#removed) {
      if (this.#removed.size <= MAX_REMOVED) break;
      this.#removed.delete(key);
      this.#since = Math.max(this.#since, at);
    }
    if (isChanged) this.#revision = state.revision;
    return isChanged;
  }

  /** The history has a break: whoever knows anything else than what there is now starts over. */
  #forget(): void {
    this.#since = this.#view.state.revision;
    this.#removed.clear();
  }
}

/** Records never change, so one that is another has changed. */
function isSame(a: InstanceView, b: InstanceView): boolean {
  return (
    a.instance === b.instance &&
    a.node === b.node &&
    a.checks.length === b.checks.length &&
    a.checks.every((check, i) => check === b.checks[i])
  );
}
