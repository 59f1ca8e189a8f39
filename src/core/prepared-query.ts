/** A lookup that is kept by name, so that its clients need not know what it looks for. */
export interface PreparedQuery {
  /** UUID in lower case. */
  readonly id: string;
  /** Unique without case; '' for one that is found by its id only, or a template for every name. */
  readonly name: string;
  /** Id of the session that the query goes with; '' for none. */
  readonly session: string;
  readonly token: string;
  readonly template?: QueryTemplate;
  readonly target: QueryTarget;
  /** How long DNS may keep an answer; undefined leaves that to DNS. */
  readonly ttlMs?: number;
  /** What only one dialect knows, under its name. */
  readonly extensions?: Readonly<Record<string, unknown>>;
}

/** Makes a query answer for all names that begin with its own. */
export interface QueryTemplate {
  /** RE2's syntax; '' for none. What its groups matched is at hand as `match(n)`. */
  readonly regexp: string;
  readonly removeEmptyTags: boolean;
}

/** What a query looks for; in a template every text in it may hold `${...}`. */
export interface QueryTarget {
  readonly service: string;
  /** Datacenters to ask when there is nothing here. */
  readonly failover: { readonly nearest: number; readonly datacenters?: readonly string[] };
  /** Whether a warning excludes an instance, as critical always does. */
  readonly onlyPassing: boolean;
  /** Ids of checks that exclude nobody. */
  readonly ignoredChecks?: readonly string[];
  /** Node to sort by distance from; '' for none. */
  readonly near: string;
  /** All must be there, compared without case; one that begins with `!` must not. */
  readonly tags?: readonly string[];
  readonly nodeMeta?: Readonly<Record<string, string>>;
  readonly serviceMeta?: Readonly<Record<string, string>>;
  /** Whether to look for those through which the service is reached in the mesh. */
  readonly isConnect: boolean;
}
