import {
  isEmpty,
  State,
  type Change,
  type Check,
  type Decision,
  type Draft,
  type HttpProbe,
  type Instance,
  type Node,
} from '../../src/core/index.ts';

/** A state with decisions applied to it at once: the pure core without a store. */
export class PureCatalog {
  readonly state = new State();
  readonly leases = new Map<string, number>();

  /** Applies a decision and returns its result. */
  commit<T>({ draft, result }: Decision<T>): T {
    if (!isEmpty(draft)) this.#apply(draft);
    return result;
  }

  #apply(draft: Draft): void {
    const revision = this.state.revision + 1;
    const puts = draft.puts.map(({ table, key, value, createRevision }): Change => {
      const stored = { ...value, createRevision: createRevision || revision, modifyRevision: revision };
      return { table, key, value: Object.freeze(stored) };
    });
    const deletes = draft.deletes.map(({ table, key }): Change => ({ table, key, value: undefined }));
    this.state.apply({ revision, operation: 'test', changes: [...puts, ...deletes], touches: draft.touches });
    for (const { lease, ttlMs } of draft.grants) this.leases.set(lease, ttlMs);
    for (const lease of draft.revokes) this.leases.delete(lease);
  }
}

export function aNode(name: string, fields: Partial<Node> = {}): Node {
  return { name, id: '', address: '10.0.0.1', ...fields };
}

export function anInstance(node: string, service: string, fields: Partial<Instance> = {}): Instance {
  return {
    node,
    id: service,
    service,
    tags: [],
    address: '',
    port: 80,
    weights: { passing: 1, warning: 1 },
    enableTagOverride: false,
    ...fields,
  };
}

export function aCheck(node: string, id: string, fields: Partial<Check> = {}): Check {
  return {
    node,
    id,
    name: id,
    instanceId: '',
    status: 'passing',
    notes: '',
    output: '',
    source: { kind: 'external' },
    deregisterAfterMs: 0,
    ...fields,
  };
}

export function anHttpProbe(url: string, fields: Partial<HttpProbe> = {}): HttpProbe {
  return {
    kind: 'http',
    url,
    method: '',
    headers: {},
    body: '',
    followRedirects: true,
    tlsSkipVerify: false,
    tlsServerName: '',
    intervalMs: 1000,
    timeoutMs: 1000,
    ...fields,
  };
}
