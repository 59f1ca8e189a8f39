import type { Instance, State, Stored } from '../../core/index.ts';
import type { Clock } from '../../platform/clock.ts';
import type { Registry } from '../../registry/index.ts';
import { infoOf, isListed, isRegistered, registeredFields } from './catalog-mapping.ts';
import type { InstanceInfo, InstanceStatus } from './instance-info.ts';
import { instanceObject } from './json-writer.ts';
import type { Peer, PeerItem, PeerResponse } from './peer.ts';
import type { RecentChanges } from './recent-changes.ts';
import { conditionsOf } from './status-overrides.ts';

/** As many as Eureka's own servers send at once. */
const BATCH = 250;
/** Above it everything is told anew; what has gone meanwhile the peer evicts by itself. */
const MAX_PENDING = 100_000;

/** In place of a status. */
const NO_ANSWER = 0;

/** What the peer was told last. */
interface Told {
  readonly info: InstanceInfo;
  readonly heartbeatAt: number;
}

/** One change for the peer, and what it is about in the catalog. */
interface Outgoing {
  readonly key: string;
  readonly item: PeerItem;
  /** What the peer has been told once this is sent; undefined for the end of it. */
  readonly told: InstanceInfo | undefined;
}

interface Deps {
  readonly peer: Peer;
  readonly registry: Registry;
  readonly changes: RecentChanges;
  readonly clock: Clock;
  /** Takes over what the peer has of an instance, which is newer; `value` is its JSON. */
  readonly adopt: (told: InstanceInfo, value: unknown) => Promise<void>;
  /** Told of every change that was sent, with the status 0 where there was no answer. */
  readonly onAnswered?: ((peer: string, action: PeerItem['action'], statusCode: number) => void) | undefined;
}

/**
 * Keeps an old Eureka server informed of what is registered here, however it was registered.
 *
 * What the peer was told is compared with the catalog, so a batch that failed needs no queue: the next one
 * says how things are then. An instance that is registered is alive, and gets a heartbeat there every
 * renewal interval. What peers have told this registry is left out.
 */
export class PeerSender {
  readonly #deps: Deps;
  readonly #told = new Map<string, Told>();
  /** Keys of instances that have changed since. */
  readonly #pending = new Set<string>();
  #isSending = false;

  constructor(deps: Deps) {
    this.#deps = deps;
    deps.changes.onChange((key) => {
      this.#note(key);
    });
  }

  /** Address of the peer, without its password. */
  get name(): string {
    return this.#deps.peer.name;
  }

  /** Whether the peer answered last; undefined before it was asked. */
  get isAvailable(): boolean | undefined {
    return this.#deps.peer.isAvailable;
  }

  /**
   * Sends one batch, where there is anything to say; whether there may be more.
   *
   * Only one node of a registry sends: for another, `leads` is false. Rejects when the peer cannot be
   * reached or refuses; the next call then says the same again. Rejects also when what the peer has cannot be taken
   * over, which is tried again with the next heartbeat.
   */
  async send(leads: boolean): Promise<boolean> {
    const { registry, peer } = this.#deps;
    if (!registry.ready || !leads) {
      this.#startOver();
      return false;
    }
    if (!this.#isSending) for (const key of registry.state.instances.keys()) this.#pending.add(key);
    this.#isSending = true;
    const batch = this.#nextBatch();
    if (batch.length === 0) return false;
    const changed = batch.filter(({ key }) => this.#pending.delete(key));
    const responses = await peer.post(batch.map(({ item }) => item)).catch((error: unknown) => {
      for (const { key } of changed) this.#pending.add(key);
      for (const { item } of batch) this.#deps.onAnswered?.(this.name, item.action, NO_ANSWER);
      throw error;
    });
    const failures: unknown[] = [];
    for (const [i, outgoing] of batch.entries())
      await this.#settle(outgoing, responses[i]).catch((error: unknown) => failures.push(error));
    if (failures.length > 0) throw failures[0];
    return batch.length >= BATCH;
  }

  /** Ends a request that is on its way. */
  close(): void {
    this.#deps.peer.close();
  }

  #note(key: string): void {
    if (!this.#isSending) return;
    this.#pending.add(key);
    if (this.#pending.size > MAX_PENDING) this.#startOver();
  }

  #startOver(): void {
    this.#isSending = false;
    this.#pending.clear();
    this.#told.clear();
  }

  #nextBatch(): Outgoing[] {
    const { registry, clock } = this.#deps;
    const batch: Outgoing[] = [];
    for (const key of this.#pending) {
      const outgoing = changesOf(registry.state, key, this.#told.get(key)?.info);
      if (outgoing.length === 0) this.#forget(key);
      batch.push(...outgoing);
      if (batch.length >= BATCH) return batch;
    }
    const now = clock.monotonic();
    for (const [key, { info, heartbeatAt }] of this.#told) {
      if (heartbeatAt > now || this.#pending.has(key)) continue;
      batch.push({ key, item: heartbeat(info), told: info });
      if (batch.length >= BATCH) return batch;
    }
    return batch;
  }

  #forget(key: string): void {
    this.#pending.delete(key);
    this.#told.delete(key);
  }

  async #settle({ key, item, told }: Outgoing, response: PeerResponse | undefined): Promise<void> {
    const { clock, adopt, onAnswered } = this.#deps;
    const statusCode = response?.statusCode ?? NO_ANSWER;
    onAnswered?.(this.name, item.action, statusCode);
    if (told === undefined) {
      this.#told.delete(key);
      return;
    }
    const intervalMs = told.renewalIntervalSeconds * 1000;
    this.#told.set(key, { info: told, heartbeatAt: clock.monotonic() + intervalMs });
    if (statusCode === 404) {
      this.#told.delete(key);
      this.#pending.add(key);
    } else if (statusCode === 409 && isFromClient(this.#deps.registry.state, key)) {
      await adopt(told, response?.responseEntity);
    }
  }
}

/** What a peer that was told `before` must be told of an instance, in this order. */
function changesOf(state: State, key: string, before: InstanceInfo | undefined): Outgoing[] {
  const instance = state.instances.get(key);
  const info = instance !== undefined && isListed(instance) ? infoOf(state, instance, undefined) : undefined;
  if (info?.replicated === true) return [];
  const held = before !== undefined && isSame(before, info) ? before : undefined;
  const outgoing: Outgoing[] = [];
  if (before !== held) outgoing.push(...ending(key, before));
  if (instance === undefined || info === undefined) return outgoing;
  outgoing.push({ key, item: registration(info), told: info });
  const isNews = held !== undefined && held.overriddenStatus !== info.overriddenStatus;
  if (isNews && !isOverrideOfPeer(state, instance)) {
    outgoing.push({ key, item: statusChange(info), told: info });
  }
  return outgoing;
}

function isSame(a: InstanceInfo, b: InstanceInfo | undefined): boolean {
  return a.app === b?.app && a.instanceId === b.instanceId;
}

function ending(key: string, info: InstanceInfo | undefined): Outgoing[] {
  return info === undefined ? [] : [{ key, item: cancellation(info), told: undefined }];
}

function isOverrideOfPeer(state: State, instance: Stored<Instance>): boolean {
  return !isRegistered(instance) && conditionsOf(state, instance).override?.replicated === true;
}

function isFromClient(state: State, key: string): boolean {
  const instance = state.instances.get(key);
  return instance !== undefined && registeredFields(state, instance)?.replicated === false;
}

function registration(info: InstanceInfo): PeerItem {
  return { ...about(info), action: 'Register', ...statuses(info), instanceInfo: instanceObject(info) };
}

function heartbeat(info: InstanceInfo): PeerItem {
  return { ...about(info), action: 'Heartbeat', ...statuses(info) };
}

function cancellation({ app, instanceId }: InstanceInfo): PeerItem {
  return { appName: app, id: instanceId, action: 'Cancel' };
}

function statusChange(info: InstanceInfo): PeerItem {
  const { overriddenStatus } = info;
  return overriddenStatus === 'UNKNOWN'
    ? { ...about(info), action: 'DeleteStatusOverride', status: info.status }
    : { ...about(info), action: 'StatusUpdate', status: overriddenStatus };
}

function about({ app, instanceId, lastDirtyAt }: InstanceInfo): Omit<PeerItem, 'action'> {
  return { appName: app, id: instanceId, lastDirtyTimestamp: lastDirtyAt };
}

function statuses({ status, overriddenStatus }: InstanceInfo): {
  status: InstanceStatus;
  overriddenStatus?: InstanceStatus;
} {
  return overriddenStatus === 'UNKNOWN' ? { status } : { status, overriddenStatus };
}
