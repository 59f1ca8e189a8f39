import type { StringMap } from '../../core/index.ts';
import type { Application, Applications } from './applications.ts';
import {
  dataCenterClass,
  EMPTY_MAP_CLASS,
  sendableMetadata,
  type DataCenter,
  type InstanceInfo,
  type Port,
} from './instance-info.ts';
import { escapeName, escapeText } from './xml-text.ts';

/** `<applications>` as XStream prints it: two spaces a level, no declaration, no newline at the end. */
export function applicationsXml({ version, hashCode, applications }: Applications): string {
  return element('', 'applications', [
    leaf('  ', 'versions__delta', version),
    leaf('  ', 'apps__hashcode', hashCode),
    ...applications.map((application) => applicationElement('  ', application, writtenInstance)),
  ]);
}

/** `<application>` */
export function applicationXml(application: Application): string {
  return applicationElement('', application, (info) => instanceElement('  ', info));
}

/** `<instance>` */
export function instanceXml(info: InstanceInfo): string {
  return instanceElement('', info);
}

function applicationElement(
  indent: string,
  { name, instances }: Application,
  write: (info: InstanceInfo) => string,
): string {
  return element(indent, 'application', [leaf(`${indent}  `, 'name', name), ...instances.map(write)]);
}

/** Instances as they were written last, in an answer about all: a change of one leaves all others as they are. */
const written = new WeakMap<InstanceInfo, string>();

function writtenInstance(info: InstanceInfo): string {
  const held = written.get(info);
  if (held !== undefined) return held;
  const text = instanceElement('    ', info);
  written.set(info, text);
  return text;
}

/** The children in XStream's order, which is not quite that of the JSON. */
function instanceElement(indent: string, info: InstanceInfo): string {
  const inner = `${indent}  `;
  const { texts } = info;
  const optional = (name: keyof typeof texts) => {
    const text = texts[name];
    return text === undefined ? [] : [leaf(inner, name, text)];
  };
  return element(indent, 'instance', [
    leaf(inner, 'instanceId', info.instanceId),
    leaf(inner, 'hostName', info.hostName),
    leaf(inner, 'app', info.app),
    leaf(inner, 'ipAddr', info.ipAddr),
    ...optional('sid'),
    leaf(inner, 'status', info.status),
    leaf(inner, 'overriddenstatus', info.overriddenStatus),
    portElement(inner, 'port', info.port),
    portElement(inner, 'securePort', info.securePort),
    leaf(inner, 'countryId', String(info.countryId)),
    dataCenterElement(inner, info.dataCenter),
    leaseElement(inner, info),
    metadataElement(inner, info.metadata),
    ...optional('appGroupName'),
    ...optional('homePageUrl'),
    ...optional('statusPageUrl'),
    ...optional('healthCheckUrl'),
    ...optional('secureHealthCheckUrl'),
    ...optional('vipAddress'),
    ...optional('secureVipAddress'),
    leaf(inner, 'isCoordinatingDiscoveryServer', 'false'),
    leaf(inner, 'lastUpdatedTimestamp', String(info.lastUpdatedAt)),
    leaf(inner, 'lastDirtyTimestamp', String(info.lastDirtyAt)),
    leaf(inner, 'actionType', info.actionType),
    ...optional('asgName'),
  ]);
}

function portElement(indent: string, name: string, { number, enabled }: Port): string {
  return `${indent}<${name} enabled="${String(enabled)}">${String(number)}</${name}>`;
}

function dataCenterElement(indent: string, dataCenter: DataCenter): string {
  const inner = `${indent}  `;
  const children = [leaf(inner, 'name', dataCenter.name)];
  if (dataCenter.amazon !== undefined) children.push(metadataElement(inner, dataCenter.amazon));
  return element(indent, 'dataCenterInfo', children, ` class="${dataCenterClass(dataCenter)}"`);
}

function leaseElement(indent: string, info: InstanceInfo): string {
  const inner = `${indent}  `;
  return element(indent, 'leaseInfo', [
    leaf(inner, 'renewalIntervalInSecs', String(info.renewalIntervalSeconds)),
    leaf(inner, 'durationInSecs', String(info.durationSeconds)),
    leaf(inner, 'registrationTimestamp', String(info.registeredAt)),
    leaf(inner, 'lastRenewalTimestamp', String(info.lastRenewedAt)),
    leaf(inner, 'evictionTimestamp', String(info.evictedAt ?? 0)),
    leaf(inner, 'serviceUpTimestamp', String(info.serviceUpAt)),
  ]);
}

function metadataElement(indent: string, metadata: StringMap): string {
  const sendable = sendableMetadata(metadata);
  if (sendable.length === 0) return `${indent}<metadata class="${EMPTY_MAP_CLASS}"/>`;
  return element(
    indent,
    'metadata',
    sendable.map(([key, value]) => leaf(`${indent}  `, escapeName(key), value)),
  );
}

function element(indent: string, name: string, children: readonly string[], attributes = ''): string {
  return `${indent}<${name}${attributes}>\n${children.join('\n')}\n${indent}</${name}>`;
}

function leaf(indent: string, name: string, text: string): string {
  return `${indent}<${name}>${escapeText(text)}</${name}>`;
}
