import type { StringMap } from '../../core/index.ts';

/** Eureka's statuses in the alphabetical order that hash codes count them in. */
export const STATUSES = ['DOWN', 'OUT_OF_SERVICE', 'STARTING', 'UNKNOWN', 'UP'] as const;
export type InstanceStatus = (typeof STATUSES)[number];

export function isStatus(value: unknown): value is InstanceStatus {
  return STATUSES.some((status) => status === value);
}

export interface Port {
  readonly number: number;
  readonly enabled: boolean;
}

export interface DataCenter {
  /** `MyOwn`, `Netflix` or `Amazon`. */
  readonly name: string;
  /** What Amazon says about the machine; present in Amazon's form only, even when empty. */
  readonly amazon?: StringMap;
}

/** Texts an instance may leave out, by their names on the wire. */
export const OPTIONAL_TEXTS = [
  'sid',
  'appGroupName',
  'homePageUrl',
  'statusPageUrl',
  'healthCheckUrl',
  'secureHealthCheckUrl',
  'vipAddress',
  'secureVipAddress',
  'asgName',
] as const;
export type OptionalTexts = Readonly<Partial<Record<(typeof OPTIONAL_TEXTS)[number], string>>>;

/** An instance as Eureka describes it. Times are ms since 1970; 0 means never. */
export interface InstanceInfo {
  readonly instanceId: string;
  readonly hostName: string;
  /** Upper case. */
  readonly app: string;
  readonly ipAddr: string;
  readonly status: InstanceStatus;
  /** What the instance says of itself, which an override hides. Not sent. */
  readonly ownStatus: InstanceStatus;
  /** `UNKNOWN` means that nobody has overridden the status. */
  readonly overriddenStatus: InstanceStatus;
  /** Whether a peer was the last to tell of it. Not sent. */
  readonly replicated: boolean;
  readonly port: Port;
  readonly securePort: Port;
  readonly countryId: number;
  readonly dataCenter: DataCenter;
  readonly renewalIntervalSeconds: number;
  readonly durationSeconds: number;
  readonly registeredAt: number;
  readonly lastRenewedAt: number;
  readonly serviceUpAt: number;
  readonly metadata: StringMap;
  readonly texts: OptionalTexts;
  readonly lastUpdatedAt: number;
  readonly lastDirtyAt: number;
  readonly actionType: 'ADDED' | 'MODIFIED' | 'DELETED';
  /** Of a deleted one only. */
  readonly evictedAt?: number;
}

export const DEFAULT_PORT: Port = { number: 7001, enabled: true };
export const DEFAULT_SECURE_PORT: Port = { number: 7002, enabled: false };
export const DEFAULT_RENEWAL_INTERVAL_SECONDS = 30;
export const DEFAULT_DURATION_SECONDS = 90;

const JAVA_PACKAGE = 'com.netflix.appinfo';
export const DEFAULT_DATA_CENTER_CLASS = `${JAVA_PACKAGE}.InstanceInfo$DefaultDataCenterInfo`;
export const MY_DATA_CENTER_CLASS = `${JAVA_PACKAGE}.MyDataCenterInfo`;
export const AMAZON_DATA_CENTER_CLASS = `${JAVA_PACKAGE}.AmazonInfo`;
/** What Java writes in place of an empty metadata map. */
export const EMPTY_MAP_CLASS = 'java.util.Collections$EmptyMap';

export function dataCenterClass({ amazon }: DataCenter): string {
  return amazon === undefined ? DEFAULT_DATA_CENTER_CLASS : AMAZON_DATA_CENTER_CLASS;
}

/**
 * Metadata as it may be sent: without empty keys, which no XML parser reads, and without `@class`,
 * which Java's decoders take for a type.
 */
export function sendableMetadata(metadata: StringMap): [string, string][] {
  return Object.entries(metadata).filter(([key]) => key !== '' && key !== '@class');
}
