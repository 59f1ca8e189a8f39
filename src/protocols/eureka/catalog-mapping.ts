import { isIP } from 'node:net';
import {
  instanceKey,
  nodeKey,
  type CheckStatus,
  type Instance,
  type Node,
  type Registration,
  type State,
  type Stored,
} from '../../core/index.ts';
import {
  DEFAULT_DURATION_SECONDS,
  DEFAULT_RENEWAL_INTERVAL_SECONDS,
  type InstanceInfo,
  type InstanceStatus,
} from './instance-info.ts';
import { conditionsOf, isInMaintenance, overrideChecks, withMaintenance } from './status-overrides.ts';

/** The service of the registry's own nodes, which Eureka clients are not shown. */
const REGISTRY_SERVICE = 'consul';
const EXTENSION = 'eureka';

/** What the catalog has no field for; the rest of an `InstanceInfo` is the instance itself. */
export type EurekaFields = Omit<InstanceInfo, 'hostName' | 'app' | 'ipAddr' | 'metadata' | 'lastRenewedAt'>;

/** Whether Eureka clients are shown an instance: all but those of the registry itself. */
export function isListed({ service }: Instance): boolean {
  return service.toLowerCase() !== REGISTRY_SERVICE;
}

/** The id that Eureka clients know an instance by. */
export function shownId(instance: Instance): string {
  return registeredId(instance) ?? `${instance.node}:${instance.id}`;
}

/** The id that an instance registered with through Eureka; undefined for any other. */
export function registeredId(instance: Instance): string | undefined {
  return eurekaFields(instance)?.instanceId;
}

/** Whether an instance registered through Eureka. */
export function isRegistered(instance: Instance): boolean {
  return eurekaFields(instance) !== undefined;
}

/**
 * What an instance that registered through Eureka said then, whatever other checks say; undefined for any other.
 *
 * What says that it is in maintenance is its override, and where that ended elsewhere it has none.
 */
export function registeredFields(state: State, instance: Instance): EurekaFields | undefined {
  const fields = eurekaFields(instance);
  return fields && withMaintenance(fields, isInMaintenance(state, instance));
}

/** As `registeredFields`, with what the catalog itself has fields for. */
export function registeredInfo(state: State, instance: Instance): InstanceInfo | undefined {
  const fields = registeredFields(state, instance);
  return fields && infoFrom(fields, instance);
}

function plainInfo(instance: Instance): InstanceInfo | undefined {
  const fields = eurekaFields(instance);
  return fields && infoFrom(fields, instance);
}

function infoFrom(fields: EurekaFields, instance: Instance): InstanceInfo {
  return {
    ...fields,
    hostName: instance.node,
    app: instance.service.toUpperCase(),
    ipAddr: instance.address,
    metadata: instance.meta ?? {},
    lastRenewedAt: fields.registeredAt,
  };
}

interface Shown {
  readonly node: Stored<Node>;
  /** Without what its checks say. */
  readonly base: InstanceInfo;
  readonly info: InstanceInfo;
}

/** Instances as they were shown last; records never change, so an equal one is the same one. */
const shown = new WeakMap<Stored<Instance>, Shown>();

/**
 * Any instance as Eureka shows it, with its health; undefined when its node is not known.
 *
 * One that registered elsewhere gets defaults: a host name that can be reached, its service's name as
 * VIP address, and the time 0 for what the catalog does not know. The same object is returned for as
 * long as nothing in it changes.
 */
export function infoOf(
  state: State,
  instance: Stored<Instance>,
  lastRenewed: number | undefined,
): InstanceInfo | undefined {
  const node = state.node(instance.node);
  if (node === undefined) return undefined;
  const held = shown.get(instance);
  const base = held?.node === node ? held.base : (plainInfo(instance) ?? defaultInfo(instance, node));
  const lastRenewedAt = Math.max(
    held?.node === node ? held.info.lastRenewedAt : 0,
    base.lastRenewedAt,
    lastRenewed ?? 0,
  );
  const { status, overriddenStatus } = statusesOf(state, instance, base);
  const is = held?.node === node ? held.info : base;
  const same =
    is.lastRenewedAt === lastRenewedAt && is.status === status && is.overriddenStatus === overriddenStatus;
  const info = same ? is : { ...base, lastRenewedAt, status, overriddenStatus };
  shown.set(instance, { node, base, info });
  return info;
}

/** How a lease is kept. */
export interface LeaseTerms {
  /** 2 for Netflix's double time, else 1. */
  readonly durations: 1 | 2;
}

/**
 * The registration of an instance: on the node of its host name, with a lease that evicts it.
 *
 * `held` is what is registered under its id now; it is replaced where it lives elsewhere.
 */
export function registrationOf(
  state: State,
  info: InstanceInfo,
  held: Instance | undefined,
  { durations }: LeaseTerms,
): Registration {
  const { hostName, app, ipAddr, metadata, lastRenewedAt: _, ...fields } = info;
  const service = app.toLowerCase();
  const isOwn = held !== undefined && isRegistered(held);
  const stays = isOwn && nodeKey(held.node) === nodeKey(hostName);
  const id = stays ? held.id : freeId(state, hostName, info.instanceId, service);
  const known = state.node(hostName);
  const { number, enabled } = fields.port;
  const instance: Instance = {
    node: hostName,
    id,
    service,
    tags: [],
    address: ipAddr,
    port: portNumber(!enabled && fields.securePort.enabled ? fields.securePort.number : number),
    meta: metadata,
    weights: { passing: 1, warning: 1 },
    enableTagOverride: false,
    extensions: { [EXTENSION]: fields },
  };
  const set =
    isOwn || held === undefined ? info.overriddenStatus : conditionsOf(state, held).override?.status;
  const { checks, dropsChecks = [] } = overrideChecks(
    state,
    instance,
    set === 'OUT_OF_SERVICE' ? { status: set, replicated: info.replicated } : undefined,
  );
  const status = leaseStatus(info);
  return {
    node: { name: hostName, id: '', address: ipAddr, transient: true },
    keepNode: known !== undefined && known.transient !== true,
    instance,
    ...(held === undefined || stays ? {} : { replaces: held }),
    // What is on an instance that is new here somebody else has put there.
    ...(isOwn && { dropsChecks }),
    checks: [
      ...checks,
      {
        node: hostName,
        id: leaseCheckId(id),
        name: 'Eureka lease',
        instanceId: id,
        status: checkStatus(status),
        output: leaseOutput(status),
        notes: "Renewed through Eureka's API; without heartbeats the instance is evicted",
        source: { kind: 'lease', ttlMs: info.durationSeconds * durations * 1000 },
        deregisterAfterMs: 0,
        overwriteStatus: true,
      },
    ],
    replaceChecks: false,
  };
}

/** The check whose lease an instance's heartbeats renew. */
export function leaseCheckId(instanceId: string): string {
  return `eureka:${instanceId}`;
}

/** The status that the lease's check has: maintenance has a check of its own. */
export function leaseStatus({ status, ownStatus, overriddenStatus }: EurekaFields): InstanceStatus {
  return status === 'OUT_OF_SERVICE' && overriddenStatus === 'OUT_OF_SERVICE' ? ownStatus : status;
}

/** What a status set from outside makes of an instance that registered elsewhere; undefined for the end of it. */
export function overriddenElsewhere(
  state: State,
  instance: Stored<Instance>,
  status: InstanceStatus | undefined,
  replicated: boolean,
): Registration {
  const unchanged = status !== undefined && infoOf(state, instance, undefined)?.status === status;
  const checks = unchanged
    ? { checks: [] }
    : overrideChecks(state, instance, status === undefined ? undefined : { status, replicated });
  return { keepNode: true, replaceChecks: false, ...checks };
}

/** Health of an instance that says this of itself: only `UP` passes. */
export function checkStatus(status: InstanceStatus): CheckStatus {
  return status === 'UP' ? 'passing' : 'critical';
}

export function leaseOutput(status: InstanceStatus): string {
  return `Eureka status ${status}`;
}

function eurekaFields(instance: Instance): EurekaFields | undefined {
  return instance.extensions?.[EXTENSION] as EurekaFields | undefined;
}

/** Two applications of one host may use one id, as those of eureka-js-client do; in the catalog each has its own. */
function freeId(state: State, node: string, id: string, service: string): string {
  const taken = state.instances.get(instanceKey(node, id));
  return taken === undefined || taken.service.toLowerCase() === service ? id : `${id}:${service}`;
}

/** The status and the override that checks leave an instance with. */
function statusesOf(
  state: State,
  instance: Instance,
  base: InstanceInfo,
): Pick<InstanceInfo, 'status' | 'overriddenStatus'> {
  const { health, override } = conditionsOf(state, instance);
  if (isRegistered(instance)) {
    const { status, overriddenStatus } = withMaintenance(base, override?.status === 'OUT_OF_SERVICE');
    return { status: status === 'UP' ? health : status, overriddenStatus };
  }
  const { status = 'UNKNOWN' } = override ?? {};
  const isSet = override !== undefined && status !== 'OUT_OF_SERVICE';
  return { status: isSet ? status : health, overriddenStatus: status };
}

function defaultInfo(instance: Instance, node: Node): InstanceInfo {
  const host = [instance.address, node.address, node.name].find((address) => address !== '') ?? '';
  return {
    instanceId: shownId(instance),
    hostName: host,
    app: instance.service.toUpperCase(),
    ipAddr: [host, node.address].find((address) => isIP(address) !== 0) ?? host,
    status: 'UP',
    ownStatus: 'UP',
    overriddenStatus: 'UNKNOWN',
    replicated: false,
    port: { number: instance.port, enabled: instance.port > 0 },
    securePort: { number: 443, enabled: false },
    countryId: 1,
    dataCenter: { name: 'MyOwn' },
    renewalIntervalSeconds: DEFAULT_RENEWAL_INTERVAL_SECONDS,
    durationSeconds: DEFAULT_DURATION_SECONDS,
    registeredAt: 0,
    lastRenewedAt: 0,
    serviceUpAt: 0,
    metadata: instance.meta ?? {},
    texts: { vipAddress: instance.service },
    lastUpdatedAt: 0,
    lastDirtyAt: 0,
    actionType: 'ADDED',
  };
}

function portNumber(port: number): number {
  return port >= 0 && port <= 65535 ? port : 0;
}
