import type { Application, Applications } from './applications.ts';
import {
  dataCenterClass,
  EMPTY_MAP_CLASS,
  sendableMetadata,
  type DataCenter,
  type InstanceInfo,
  type Port,
} from './instance-info.ts';

/** `{"applications": ...}` */
export function applicationsJson({ version, hashCode, applications }: Applications): string {
  const head = `"versions__delta":${JSON.stringify(version)},"apps__hashcode":${JSON.stringify(hashCode)}`;
  return `{"applications":{${head},"application":[${applications.map(applicationText).join(',')}]}}`;
}

/** `{"application": ...}` */
export function applicationJson(application: Application): string {
  return `{"application":${applicationText(application)}}`;
}

/** `{"instance": ...}` */
export function instanceJson(info: InstanceInfo): string {
  return `{"instance":${instanceText(info)}}`;
}

function applicationText({ name, instances }: Application): string {
  return `{"name":${JSON.stringify(name)},"instance":[${instances.map(instanceText).join(',')}]}`;
}

/** Instances as they were written last: a change of one leaves all others as they are. */
const written = new WeakMap<InstanceInfo, string>();

function instanceText(info: InstanceInfo): string {
  const held = written.get(info);
  if (held !== undefined) return held;
  const text = JSON.stringify(instanceObject(info));
  written.set(info, text);
  return text;
}

/**
 * An instance with the keys, their order and the types that Netflix's encoder gives it.
 *
 * Clients' decoders refuse the whole answer for one key more, so nothing may be added.
 */
export function instanceObject(info: InstanceInfo): object {
  const { texts } = info;
  return {
    instanceId: info.instanceId,
    hostName: info.hostName,
    app: info.app,
    ipAddr: info.ipAddr,
    sid: texts.sid,
    status: info.status,
    overriddenStatus: info.overriddenStatus,
    port: portObject(info.port),
    securePort: portObject(info.securePort),
    countryId: info.countryId,
    dataCenterInfo: dataCenterObject(info.dataCenter),
    leaseInfo: {
      renewalIntervalInSecs: info.renewalIntervalSeconds,
      durationInSecs: info.durationSeconds,
      registrationTimestamp: info.registeredAt,
      lastRenewalTimestamp: info.lastRenewedAt,
      evictionTimestamp: info.evictedAt ?? 0,
      serviceUpTimestamp: info.serviceUpAt,
    },
    metadata: metadataObject(info),
    appGroupName: texts.appGroupName,
    homePageUrl: texts.homePageUrl,
    statusPageUrl: texts.statusPageUrl,
    healthCheckUrl: texts.healthCheckUrl,
    secureHealthCheckUrl: texts.secureHealthCheckUrl,
    vipAddress: texts.vipAddress,
    secureVipAddress: texts.secureVipAddress,
    isCoordinatingDiscoveryServer: 'false',
    lastUpdatedTimestamp: String(info.lastUpdatedAt),
    lastDirtyTimestamp: String(info.lastDirtyAt),
    actionType: info.actionType,
    asgName: texts.asgName,
  };
}

function portObject({ number, enabled }: Port): object {
  return { $: number, '@enabled': String(enabled) };
}

function dataCenterObject(dataCenter: DataCenter): object {
  return { '@class': dataCenterClass(dataCenter), name: dataCenter.name, metadata: dataCenter.amazon };
}

function metadataObject({ metadata }: InstanceInfo): object {
  const sendable = sendableMetadata(metadata);
  return sendable.length === 0 ? { '@class': EMPTY_MAP_CLASS } : Object.fromEntries(sendable);
}
