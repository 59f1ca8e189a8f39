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

/**
 * All that DNS asks of the registry: synchronous reads from memory, however old that is.
 *
 * Names and tags arrive in lower case and match without regard to case. Answers are shared and never changed.
 */
export interface DnsCatalog {
  /** False until there is a whole first snapshot to answer from. */
  ready(): boolean;
  readonly datacenter: string;
  /** Every instance (with that tag), whatever its status; `undefined` for an unknown service. */
  service(name: string, tag?: string): readonly DnsInstance[] | undefined;
  node(name: string): DnsNode | undefined;
}
