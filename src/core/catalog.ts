import { eventKey, type UserEvent } from './event.ts';
import { checkKey, instanceKey, nodeKey, type Revision } from './ids.ts';
import type { PreparedQuery } from './prepared-query.ts';
import type { Table } from './record.ts';
import { ringPolicyKey, type ServicePolicy } from './ring-policy.ts';
import type { LockDelay, Session } from './session.ts';

export type CheckStatus = 'passing' | 'warning' | 'critical';

export type StringMap = Readonly<Record<string, string>>;

/** A host, or whatever plays one: the place instances and node-level checks belong to. */
export interface Node {
  readonly name: string;
  /** UUID, unique among nodes; '' when the registrant gave none. */
  readonly id: string;
  /** IP address or host name; '' is allowed. */
  readonly address: string;
  readonly taggedAddresses?: StringMap;
  readonly meta?: StringMap;
  /** Created for its instances only, and removed with the last of them. */
  readonly transient?: boolean;
  readonly extensions?: Extensions;
}

export interface TaggedAddress {
  readonly address: string;
  readonly port: number;
}

/** One running copy of a service. `id` is unique on its node, not in the catalog. */
export interface Instance {
  readonly node: string;
  readonly id: string;
  readonly service: string;
  readonly tags: readonly string[];
  /** '' means: the node's address. */
  readonly address: string;
  readonly port: number;
  readonly meta?: StringMap;
  readonly weights: { readonly passing: number; readonly warning: number };
  readonly taggedAddresses?: Readonly<Record<string, TaggedAddress>>;
  readonly enableTagOverride: boolean;
  readonly extensions?: Extensions;
}

/**
 * Fields that only one dialect knows, kept verbatim under the dialect's name and given back to it.
 *
 * Nothing outside that dialect reads them.
 */
export type Extensions = Readonly<Record<string, unknown>>;

interface Probe {
  readonly intervalMs: number;
  readonly timeoutMs: number;
  readonly successBeforePassing?: number;
  readonly failuresBeforeWarning?: number;
  readonly failuresBeforeCritical?: number;
  /** Most bytes of output that are kept; left out, the prober decides. */
  readonly outputMaxBytes?: number;
}

interface TlsOptions {
  readonly tls: boolean;
  readonly tlsSkipVerify: boolean;
  /** '' means: the target's host. */
  readonly tlsServerName: string;
}

export interface HttpProbe extends Probe {
  readonly kind: 'http';
  readonly url: string;
  readonly method: string;
  readonly headers: Readonly<Record<string, readonly string[]>>;
  readonly body: string;
  readonly followRedirects: boolean;
  readonly tlsSkipVerify: boolean;
  readonly tlsServerName: string;
}

export interface TcpProbe extends Probe, TlsOptions {
  readonly kind: 'tcp';
  /** `host:port`. */
  readonly target: string;
}

export interface UdpProbe extends Probe {
  readonly kind: 'udp';
  /** `host:port`. */
  readonly target: string;
}

/** The standard gRPC health protocol. */
export interface GrpcProbe extends Probe, TlsOptions {
  readonly kind: 'grpc';
  /** `host:port` or `host:port/service`. */
  readonly target: string;
}

export interface H2PingProbe extends Probe, TlsOptions {
  readonly kind: 'h2ping';
  /** `host:port`. */
  readonly target: string;
}

/** A program run on whichever registry node the check belongs to; its exit status is the result. */
export interface ScriptProbe extends Probe {
  readonly kind: 'script';
  /** The program and its arguments. */
  readonly args: readonly string[];
}

/** Another instance, or a whole node, whose health the check repeats. */
export interface Alias {
  readonly kind: 'alias';
  readonly node: string;
  /** '' for the node itself. */
  readonly instanceId: string;
  /** Whether the node's own membership check counts. */
  readonly withMembership: boolean;
}

/** How a check gets its status. */
export type CheckSource =
  /** Heartbeats; when they stop the check turns critical. */
  | { readonly kind: 'ttl'; readonly ttlMs: number; readonly outputMaxBytes?: number }
  /** Heartbeats; when they stop the instance is evicted. */
  | { readonly kind: 'lease'; readonly ttlMs: number }
  | HttpProbe
  | TcpProbe
  | UdpProbe
  | GrpcProbe
  | H2PingProbe
  | ScriptProbe
  | Alias
  /** Somebody outside writes the status into the catalog. */
  | { readonly kind: 'external' };

/** A check of an instance, or of a whole node when `instanceId` is ''. */
export interface Check {
  readonly node: string;
  readonly id: string;
  readonly name: string;
  readonly instanceId: string;
  readonly status: CheckStatus;
  readonly notes: string;
  readonly output: string;
  readonly source: CheckSource;
  /** The instance is deregistered once the check has been critical this long; 0 = never. */
  readonly deregisterAfterMs: number;
  readonly extensions?: Extensions;
}

/** A configuration key; values are bytes and stay bytes. */
export interface KvPair {
  readonly key: string;
  readonly value: Uint8Array;
  /** Unsigned 64-bit, opaque, as decimal digits (a JS number cannot hold it). */
  readonly flags: string;
  readonly lockIndex: number;
  /** Id of the session that holds the key as a lock. */
  readonly session?: string;
  /** Revision of the acquisition; absent in the very record that the acquisition wrote. */
  readonly fence?: Revision;
}

/** Where a configuration key was deleted, so that the index of its prefix never goes back. */
export interface Tombstone {
  readonly key: string;
}

/** A named setting of the registry itself, shared by its nodes. */
export interface Setting {
  readonly name: string;
  readonly value: unknown;
}

/** What each table holds. */
export interface RecordValues {
  node: Node;
  instance: Instance;
  check: Check;
  kv: KvPair;
  tombstone: Tombstone;
  setting: Setting;
  session: Session;
  'lock-delay': LockDelay;
  event: UserEvent;
  query: PreparedQuery;
  'ring-policy': ServicePolicy;
}

/** A record with its two revisions; frozen. */
export type Stored<T> = T & {
  readonly createRevision: Revision;
  readonly modifyRevision: Revision;
};

/** The key a value is stored under. */
export function keyOf<T extends Table>(table: T, value: RecordValues[T]): string {
  return KEYS[table](value);
}

const KEYS: { [T in Table]: (value: RecordValues[T]) => string } = {
  node: (node) => nodeKey(node.name),
  instance: (instance) => instanceKey(instance.node, instance.id),
  check: (check) => checkKey(check.node, check.id),
  kv: (pair) => pair.key,
  tombstone: (tombstone) => tombstone.key,
  setting: (setting) => setting.name,
  session: (session) => session.id,
  'lock-delay': (delay) => delay.key,
  event: eventKey,
  query: (query) => query.id,
  'ring-policy': ({ service }) => ringPolicyKey(service),
};
