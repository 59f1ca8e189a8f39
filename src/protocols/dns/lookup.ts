import type { KeyLabel } from './names.ts';

/** A node as DNS needs it. */
export interface DnsNode {
  /** As registered; its case shows in SRV targets. */
  readonly name: string;
  /** IPv4 or IPv6 literal, or a host name. */
  readonly address: string;
  /** Each pair is one TXT record of the node. */
  readonly meta: Readonly<Record<string, string>>;
}

/** A service instance as DNS needs it. */
export interface DnsInstance {
  readonly node: DnsNode;
  /** IPv4 or IPv6 literal, or a host name; '' means that of the node. */
  readonly address: string;
  readonly port: number;
  /** SRV weight by status, 0 to 65535. */
  readonly weights: { readonly passing: number; readonly warning: number };
  /** The worst of the instance's own checks and of its node's checks. */
  readonly status: 'passing' | 'warning' | 'critical';
}

/** What a prepared query found. */
export interface DnsQueryResult {
  /** In the order to answer in; what the query itself left out is not among them. */
  readonly instances: readonly DnsInstance[];
  /** The query's own TTL; otherwise that of `service` holds. */
  readonly ttlSeconds: number | undefined;
  readonly service: string;
}

/**
 * All that DNS asks of the registry: synchronous reads from memory, however old that is.
 *
 * Names and tags arrive in lower case and match without regard to case. Answers are shared and never changed.
 */
export interface DnsCatalog {
  /** False until there is a whole first snapshot to answer from. */
  ready(): boolean;
  readonly datacenter: string;
  /** A number that is another one whenever the catalog has changed. */
  revision(): number;
  /**
   * Every instance (with that tag), whatever its status; `undefined` for an unknown service.
   *
   * The very same array as long as nothing about these instances has changed.
   */
  service(name: string, tag?: string): readonly DnsInstance[] | undefined;
  /** Up to `count` instances that are not critical, the key's owner on the ring first; `undefined` for none. */
  preferenceList(service: string, key: KeyLabel, count: number): readonly DnsInstance[] | undefined;
  /** Resolves once `preferenceList` can tell of a service; undefined where it can. Rejects where it never will. */
  ringOf(service: string): Promise<void> | undefined;
  node(name: string): DnsNode | undefined;
  /** `<name>.node` or `<name>.service` of the node, or else the service, at an address of 4 or 16 bytes. */
  nameAt(address: Uint8Array): string | undefined;
  /** Executes a prepared query for a client at that address; `undefined` if there is no such query. */
  query(nameOrId: string, clientAddress: string | undefined): DnsQueryResult | undefined;
}
