import type { Application, Applications } from './applications.ts';
import {
  AMAZON_DATA_CENTER_CLASS,
  dataCenterClass,
  type DataCenter,
  type InstanceInfo,
} from './instance-info.ts';
import { escapeName, escapeText } from './xml-text.ts';

/** All of Amazon's metadata that the compact form has. */
const AMAZON_KEYS = ['instance-id', 'public-ipv4', 'public-hostname', 'local-ipv4', 'availability-zone'];

/** `{"applications": ...}` with only what it takes to call an instance, in the order Netflix writes it. */
export function compactApplicationsJson({ version, hashCode, applications }: Applications): string {
  return JSON.stringify({
    applications: {
      application: applications.map(applicationObject),
      versions__delta: version,
      apps__hashcode: hashCode,
    },
  });
}

/** `{"application": ...}` */
export function compactApplicationJson(application: Application): string {
  return JSON.stringify({ application: applicationObject(application) });
}

/** `<applications>`, which in this form has no indentation and begins with its content. */
export function compactApplicationsXml({ version, hashCode, applications }: Applications): string {
  return element('applications', [
    ...applications.map(compactApplicationXml),
    leaf('versions__delta', version),
    leaf('apps__hashcode', hashCode),
  ]);
}

/** `<application>` */
export function compactApplicationXml({ name, instances }: Application): string {
  return element('application', [leaf('name', name), ...instances.map(instanceElement)]);
}

function applicationObject({ name, instances }: Application): object {
  return { name, instance: instances.map(instanceObject) };
}

function instanceObject(info: InstanceInfo): object {
  const { dataCenter, port, securePort, texts } = info;
  return {
    instanceId: info.instanceId,
    app: info.app,
    ipAddr: info.ipAddr,
    vipAddress: texts.vipAddress,
    secureVipAddress: texts.secureVipAddress,
    dataCenterInfo: {
      '@class': dataCenterClass(dataCenter),
      name: dataCenter.name,
      metadata: dataCenter.amazon && Object.fromEntries(amazonEntries(dataCenter)),
    },
    hostName: info.hostName,
    status: info.status,
    lastUpdatedTimestamp: info.lastUpdatedAt,
    actionType: info.actionType,
    asgName: texts.asgName,
    port: { $: port.number, '@enabled': String(port.enabled) },
    securePort: { $: securePort.number, '@enabled': String(securePort.enabled) },
  };
}

function instanceElement(info: InstanceInfo): string {
  const { texts, port, securePort } = info;
  const optional = (name: keyof typeof texts) => {
    const text = texts[name];
    return text === undefined ? [] : [leaf(name, text)];
  };
  return element('instance', [
    leaf('instanceId', info.instanceId),
    leaf('app', info.app),
    leaf('ipAddr', info.ipAddr),
    ...optional('vipAddress'),
    ...optional('secureVipAddress'),
    dataCenterElement(info.dataCenter),
    leaf('hostName', info.hostName),
    leaf('status', info.status),
    leaf('lastUpdatedTimestamp', String(info.lastUpdatedAt)),
    leaf('actionType', info.actionType),
    ...optional('asgName'),
    leaf('port', String(port.number), ` enabled="${String(port.enabled)}"`),
    leaf('securePort', String(securePort.number), ` enabled="${String(securePort.enabled)}"`),
  ]);
}

function dataCenterElement(dataCenter: DataCenter): string {
  const type = dataCenterClass(dataCenter);
  const metadata = amazonEntries(dataCenter).map(([key, value]) => leaf(escapeName(key), value));
  const children = [leaf('name', dataCenter.name)];
  if (type === AMAZON_DATA_CENTER_CLASS) children.push(element('metadata', metadata));
  return element('dataCenterInfo', children, ` class="${type}"`);
}

function amazonEntries({ amazon = {} }: DataCenter): [string, string][] {
  return Object.entries(amazon).filter(([key]) => AMAZON_KEYS.includes(key));
}

function element(name: string, children: readonly string[], attributes = ''): string {
  return `<${name}${attributes}>${children.join('')}</${name}>`;
}

function leaf(name: string, text: string, attributes = ''): string {
  return `<${name}${attributes}>${escapeText(text)}</${name}>`;
}
