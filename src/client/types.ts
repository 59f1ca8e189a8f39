/** A registered instance of a service. */
export interface Instance {
  readonly id: string;
  readonly node: string;
  readonly address: string;
  readonly port: number;
}

/** Where a key is placed on a service's ring. */
export interface KeyPlacement {
  readonly service: string;
  readonly key: string;
  /** 16 hex digits. */
  readonly hash: string;
  readonly revision: number;
  /** Equal digests mean equal placement. */
  readonly digest: string;
  readonly owner: Instance;
  /** Distinct available instances in the order to try them; the owner first. */
  readonly replicas: readonly Instance[];
}

/** What a registry node says of itself. */
export interface NodeStatus {
  readonly node: string;
  readonly datacenter: string;
  readonly version: string;
  readonly store: string;
  readonly storeAvailable: boolean;
  readonly revision: number;
  readonly ageMs: number;
}

/** A service instance to register. */
export interface ServiceDefinition {
  readonly name: string;
  /** Default: the name. */
  readonly id?: string;
  readonly address?: string;
  readonly port?: number;
  readonly tags?: readonly string[];
  readonly meta?: Readonly<Record<string, string>>;
  /** Seconds between heartbeats after which the instance turns critical; none means no check. */
  readonly ttlSeconds?: number;
}
