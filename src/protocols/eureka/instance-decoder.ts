import type { StringMap } from '../../core/index.ts';
import {
  AMAZON_DATA_CENTER_CLASS,
  DEFAULT_DATA_CENTER_CLASS,
  DEFAULT_DURATION_SECONDS,
  DEFAULT_PORT,
  DEFAULT_RENEWAL_INTERVAL_SECONDS,
  DEFAULT_SECURE_PORT,
  isStatus,
  MY_DATA_CENTER_CLASS,
  OPTIONAL_TEXTS,
  type DataCenter,
  type InstanceInfo,
  type InstanceStatus,
  type OptionalTexts,
  type Port,
} from './instance-info.ts';

/** A body that is not an instance. */
export class MalformedInstanceError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'MalformedInstanceError';
  }
}

/** An instance as submitted, which may lack its data center. */
export type SubmittedInstance = Omit<InstanceInfo, 'dataCenter'> & {
  readonly dataCenter: DataCenter | undefined;
};

type Fields = Readonly<Record<string, unknown>>;

const CLASS = '@class';
const DATA_CENTER_NAMES = ['MyOwn', 'Netflix', 'Amazon'];
const MAX_INT = 2 ** 31 - 1;

/**
 * Reads an instance as clients post it, as tolerant as Eureka's own decoder.
 *
 * `value` is the content of `instance` in the shape of its JSON. Timestamps, action type and
 * coordination flag are the server's to say and are not read. Throws `MalformedInstanceError`.
 */
export function decodeInstance(value: unknown, now: number): SubmittedInstance {
  const fields = object(value, 'instance');
  const app = text(fields['app']);
  if (app === undefined) throw new MalformedInstanceError('app is missing');
  const dataCenter = isAbsent(fields['dataCenterInfo'])
    ? undefined
    : decodeDataCenter(fields['dataCenterInfo']);
  const hostName = text(fields['hostName']) ?? '';
  const own = isAbsent(fields['status']) ? 'UP' : status(fields['status']);
  const lease = isAbsent(fields['leaseInfo']) ? {} : object(fields['leaseInfo'], 'leaseInfo');
  return {
    instanceId:
      [text(fields['instanceId']), dataCenter?.amazon?.['instance-id'], hostName].find(isNotBlank) ?? '',
    hostName,
    app: app.toUpperCase(),
    ipAddr: text(fields['ipAddr']) ?? '',
    status: own,
    ownStatus: own,
    overriddenStatus: status(fields['overriddenStatus'] ?? fields['overriddenstatus']),
    replicated: false,
    port: decodePort(fields['port'], DEFAULT_PORT),
    securePort: decodePort(fields['securePort'], DEFAULT_SECURE_PORT),
    countryId: integer(fields['countryId'], 1),
    dataCenter,
    renewalIntervalSeconds: positive(lease['renewalIntervalInSecs'], DEFAULT_RENEWAL_INTERVAL_SECONDS),
    durationSeconds: positive(lease['durationInSecs'], DEFAULT_DURATION_SECONDS),
    registeredAt: now,
    lastRenewedAt: now,
    serviceUpAt: 0,
    metadata: isAbsent(fields['metadata']) ? {} : decodeMap(fields['metadata'], 'metadata'),
    texts: decodeTexts(fields),
    lastUpdatedAt: now,
    lastDirtyAt: isAbsent(fields['lastDirtyTimestamp']) ? now : timestamp(fields['lastDirtyTimestamp']),
    actionType: 'ADDED',
  };
}

/** The instance as it may be registered as `app`, or what it lacks for that, in Eureka's words. */
export function completed(instance: SubmittedInstance, app: string): InstanceInfo | string {
  const { dataCenter } = instance;
  if (!isNotBlank(instance.instanceId)) return 'Missing instanceId';
  if (!isNotBlank(instance.hostName)) return 'Missing hostname';
  if (!isNotBlank(instance.ipAddr)) return 'Missing ip address';
  if (!isNotBlank(instance.app)) return 'Missing appName';
  if (instance.app !== app) return `Mismatched appName, expecting ${app} but was ${instance.app}`;
  if (dataCenter === undefined) return 'Missing dataCenterInfo';
  if (!isNotBlank(dataCenter.name)) return 'Missing dataCenterInfo Name';
  return { ...instance, dataCenter };
}

function decodeDataCenter(value: unknown): DataCenter {
  const fields = object(value, 'dataCenterInfo');
  const given = text(fields['name']) ?? '';
  if (given !== '' && !DATA_CENTER_NAMES.includes(given))
    throw new MalformedInstanceError('unknown data center');
  switch (fields[CLASS]) {
    case DEFAULT_DATA_CENTER_CLASS:
    case MY_DATA_CENTER_CLASS:
      return { name: given };
    case AMAZON_DATA_CENTER_CLASS: {
      const amazon = isAbsent(fields['metadata'])
        ? {}
        : decodeMap(fields['metadata'], 'dataCenterInfo.metadata');
      return { name: given === '' ? 'Amazon' : given, amazon };
    }
    default:
      throw new MalformedInstanceError('unknown class of data center');
  }
}

function decodePort(value: unknown, absent: Port): Port {
  if (isAbsent(value)) return absent;
  // Old versions of eureka-js-client send the bare number.
  if (typeof value === 'number' || typeof value === 'string') {
    return { number: integer(value, absent.number), enabled: absent.enabled };
  }
  const fields = object(value, 'port');
  if (Object.keys(fields).some((key) => key !== '$' && key !== '@enabled')) {
    throw new MalformedInstanceError('unknown key in port');
  }
  const { $: number, '@enabled': enabled } = fields;
  return {
    number: typeof number === 'string' && !isInteger(number) ? 0 : integer(number, absent.number),
    enabled: isAbsent(enabled) ? absent.enabled : text(enabled) === 'true',
  };
}

function decodeTexts(fields: Fields): OptionalTexts {
  const texts: Partial<Record<(typeof OPTIONAL_TEXTS)[number], string>> = {};
  for (const key of OPTIONAL_TEXTS) {
    const value = text(fields[key]);
    if (value === undefined || (key === 'sid' && ['na', 'unknown'].includes(value))) continue;
    texts[key] = key === 'appGroupName' ? value.toUpperCase() : value;
  }
  return texts;
}

/** Values become text; an empty key and Java's type marker are dropped. */
function decodeMap(value: unknown, what: string): StringMap {
  const entries = Object.entries(object(value, what)).filter(([key]) => key !== '' && key !== CLASS);
  return Object.fromEntries(
    entries.map(([key, each]) => [key, typeof each === 'string' ? each : JSON.stringify(each)]),
  );
}

function status(value: unknown): InstanceStatus {
  return isStatus(value) ? value : 'UNKNOWN';
}

function isAbsent(value: unknown): value is null | undefined {
  return value === null || value === undefined;
}

function isNotBlank(value: string | undefined): value is string {
  return value !== undefined && value.trim() !== '';
}

function object(value: unknown, what: string): Fields {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new MalformedInstanceError(`${what} is not an object`);
  }
  return value as Fields;
}

function text(value: unknown): string | undefined {
  if (isAbsent(value)) return undefined;
  if (typeof value === 'string') return value;
  if (typeof value === 'number' || typeof value === 'boolean') return String(value);
  throw new MalformedInstanceError('a text is an object');
}

function isInteger(value: string): boolean {
  return /^\s*[+-]?\d+\s*$/.test(value);
}

/** A 32-bit integer, also when written as text. */
function integer(value: unknown, absent: number): number {
  if (isAbsent(value)) return absent;
  const number = typeof value === 'string' && isInteger(value) ? Number(value) : value;
  if (typeof number !== 'number' || Math.abs(number) > MAX_INT)
    throw new MalformedInstanceError('not an integer');
  return Math.trunc(number);
}

function positive(value: unknown, absent: number): number {
  const number = integer(value, absent);
  return number > 0 ? number : absent;
}

function timestamp(value: unknown): number {
  const number = typeof value === 'string' && isInteger(value) ? Number(value) : value;
  return typeof number === 'number' && Number.isSafeInteger(number) ? number : 0;
}
