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

/** What became of a planned failover of Redis. */
export interface FailoverReport {
  /** `host:port` of the old and of the new primary. */
  readonly from: string;
  readonly to: string;
  readonly withoutWritesMs: number;
}

/** A registry node as the others see it; what it has not said yet is missing. */
export interface ClusterNode {
  readonly name: string;
  readonly address: string;
  readonly httpPort: number;
  readonly version: string;
  readonly status: 'passing' | 'warning' | 'critical';
  /** Why, where it is not passing. */
  readonly reason: string;
  readonly roles?: readonly string[];
  /** Health checks that it runs. */
  readonly checks?: number;
  readonly lostRevisions?: number;
}

/** The registry as a whole. */
export interface ClusterStatus extends Pick<NodeStatus, 'datacenter' | 'store' | 'storeAvailable' | 'ageMs'> {
  readonly revision: number;
  readonly epoch: number;
  readonly lostRevisions: number;
  readonly nodes: readonly ClusterNode[];
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

/** What is renewed: a check of the logical agent by its id, any check, or all checks with a lease of an instance. */
export type Renewal =
  | string
  | {
      /** Default: the logical agent. */
      readonly node?: string;
      readonly check: string;
      /** Default: passing. */
      readonly status?: 'passing' | 'warning' | 'critical';
      readonly output?: string;
    }
  | { readonly node?: string; readonly instance: string };

/** A renewal that could not be made; `code` is one of docs/errors.md. */
export interface RefusedRenewal {
  readonly renewal: Renewal;
  readonly code: string;
}
