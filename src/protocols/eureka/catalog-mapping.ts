import { isIP } from 'node:net';
import {
  instanceKey,
  isMaintenance,
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

/** The service of the registry's own nodes, which Eureka clients are not shown. */
const REGISTRY_SERVICE = 'consul';
const EXTENSION = 'eureka';

/** What the catalog has no field for; the rest of an `InstanceInfo` is the instance itself. */
type EurekaFields = Omit<InstanceInfo, 'hostName' | 'app' | 'ipAddr' | 'metadata' | 'lastRenewedAt'>;

/** Whether Eureka clients are shown an instance: all but those of the registry itself. */
export function isListed({ service }: Instance): boolean {
  return service.toLowerCase() !== REGISTRY_SERVICE;
}

/** The instance of an application with this id; app names compare without case, ids with it. */
export function findInstance(state: State, app: string, id: string): Stored<Instance> | undefined {
  return firstWithId(state.instancesOf(app.toUpperCase()).values(), id);
}

/** The first instance of any application with this id. */
export function findById(state: State, id: string): Stored<Instance> | undefined {
  return firstWithId(state.instances.values(), id);
}

/** An instance that registered through Eureka as it did, whatever its health is; undefined for any other. */
export function registeredInfo(instance: Instance): InstanceInfo | undefined {
  const fields = eurekaFields(instance);
  if (fields === undefined) return undefined;
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
  const base = held?.node === node ? held.info : (registeredInfo(instance) ?? defaultInfo(instance, node));
  const lastRenewedAt = Math.max(base.lastRenewedAt, lastRenewed ?? 0);
  const status = shownStatus(state, instance, ownStatus(instance));
  const same = held?.info === base && base.lastRenewedAt === lastRenewedAt && base.status === status;
  const info = same ? base : { ...base, lastRenewedAt, status };
  shown.set(instance, { node, info });
  return info;
}

/**
 * The registration of an instance: on the node of its host name, with a lease that evicts it.
 *
 * `held` is what is registered under its id now; it is replaced where it lives on another node.
 */
export function registrationOf(state: State, info: InstanceInfo, held: Instance | undefined): Registration {
  const { hostName, app, ipAddr, metadata, lastRenewedAt: _, ...fields } = info;
  const service = app.toLowerCase();
  const stays = held !== undefined && nodeKey(held.node) === nodeKey(hostName);
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
  return {
    node: { name: hostName, id: '', address: ipAddr, transient: true },
    keepNode: known !== undefined && known.transient !== true,
    instance,
    ...(held === undefined || stays ? {} : { replaces: held }),
    checks: [
      {
        node: hostName,
        id: leaseCheckId(id),
        name: 'Eureka lease',
        instanceId: id,
        status: checkStatus(info.status),
        output: leaseOutput(info.status),
        notes: "Renewed through Eureka's API; without heartbeats the instance is evicted",
        source: { kind: 'lease', ttlMs: info.durationSeconds * 1000 },
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

/** Health of an instance that says this of itself: only `UP` passes. */
export function checkStatus(status: InstanceStatus): CheckStatus {
  return status === 'UP' ? 'passing' : 'critical';
}

export function leaseOutput(status: InstanceStatus): string {
  return `Eureka status ${status}`;
}

function firstWithId(instances: Iterable<Stored<Instance>>, id: string): Stored<Instance> | undefined {
  for (const instance of instances) if (shownId(instance) === id && isListed(instance)) return instance;
  return undefined;
}

function shownId(instance: Instance): string {
  return eurekaFields(instance)?.instanceId ?? `${instance.node}:${instance.id}`;
}

function eurekaFields(instance: Instance): EurekaFields | undefined {
  return instance.extensions?.[EXTENSION] as EurekaFields | undefined;
}

/** Two applications of one host may use one id, as those of eureka-js-client do; in the catalog each has its own. */
function freeId(state: State, node: string, id: string, service: string): string {
  const taken = state.instances.get(instanceKey(node, id));
  return taken === undefined || taken.service.toLowerCase() === service ? id : `${id}:${service}`;
}

function ownStatus(instance: Instance): InstanceStatus {
  return eurekaFields(instance)?.status ?? 'UP';
}

function shownStatus(state: State, instance: Instance, own: InstanceStatus): InstanceStatus {
  if (own !== 'UP') return own;
  let status: InstanceStatus = 'UP';
  for (const instanceId of ['', instance.id]) {
    for (const check of state.checksOf(instance.node, instanceId).values()) {
      if (check.status !== 'critical') continue;
      if (isMaintenance(check)) return 'OUT_OF_SERVICE';
      status = 'DOWN';
    }
  }
  return status;
}

function defaultInfo(instance: Instance, node: Node): InstanceInfo {
  const host = [instance.address, node.address, node.name].find((address) => address !== '') ?? '';
  return {
    instanceId: shownId(instance),
    hostName: host,
    app: instance.service.toUpperCase(),
    ipAddr: [host, node.address].find((address) => isIP(address) !== 0) ?? host,
    status: 'UP',
    overriddenStatus: 'UNKNOWN',
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
