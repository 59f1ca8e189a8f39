import type { KeyLabel } from '../../../src/protocols/dns/names.ts';
import type { DnsCatalog, DnsInstance, DnsNode, DnsQueryResult } from '../../../src/protocols/dns/index.ts';

interface NodeSpec {
  readonly address: string;
  readonly meta?: Readonly<Record<string, string>>;
}

interface InstanceSpec {
  readonly service: string;
  readonly node: string;
  readonly address?: string;
  readonly port?: number;
  readonly tags?: readonly string[];
  readonly weights?: DnsInstance['weights'];
  readonly status?: DnsInstance['status'];
}

export const LONG_NODE_NAME = 'x'.repeat(64);

export const NODES: Readonly<Record<string, NodeSpec>> = {
  Alpha: { address: '10.0.0.1' },
  beta: { address: '10.0.0.2' },
  gamma: { address: '10.0.0.3' },
  v6: { address: '2001:db8::1' },
  hosted: { address: 'host.example.com' },
  'no.de': { address: '10.0.0.9' },
  under_score: { address: '10.0.0.10' },
  metal: {
    address: '10.4.0.1',
    meta: { rack: 'r1', 'a=b`c': ' x`y ', 'rfc1035-v': 'only=value', ' sp ': '1', empty: '' },
  },
  metal2: { address: '10.4.0.2', meta: { rack: 'r2' } },
  [LONG_NODE_NAME]: { address: '10.4.0.3' },
  ...numbered(60, (n) => [`bn${n}`, { address: `10.3.0.${n}` }]),
  ...numbered(60, (n) => [`mt${n}`, { address: `10.6.0.${n}`, meta: { rack: `r${n}` } }]),
};

export const INSTANCES: readonly InstanceSpec[] = [
  { service: 'db', node: 'Alpha', port: 5000, tags: ['v1', 'primary'], weights: { passing: 10, warning: 1 } },
  {
    service: 'db',
    node: 'beta',
    address: '10.1.1.1',
    port: 5001,
    tags: ['V2', 'v1.x'],
    weights: { passing: 5, warning: 2 },
    status: 'warning',
  },
  { service: 'db', node: 'v6', port: 5002 },
  { service: 'db', node: 'gamma', port: 5003, status: 'critical' },
  { service: 'dead', node: 'gamma', port: 5003, status: 'critical' },
  { service: 'consul', node: 'Alpha', port: 8300 },
  { service: 'consul', node: 'no.de', port: 8300 },
  { service: 'ext', node: 'Alpha', address: 'ext.example.com', port: 80 },
  { service: 'ext2', node: 'Alpha', address: 'ext.example.com', port: 80 },
  { service: 'ext2', node: 'beta', address: 'ext.example.com', port: 81 },
  { service: 'mix', node: 'Alpha', address: 'ext.example.com', port: 80 },
  { service: 'mix', node: 'beta', port: 81 },
  { service: 'inner', node: 'Alpha', address: 'beta.node.consul', port: 80 },
  { service: 'inner2', node: 'Alpha', address: 'db.service.consul', port: 80 },
  { service: 'innermeta', node: 'Alpha', address: 'metal.node.consul', port: 80 },
  { service: 'innerbig', node: 'Alpha', address: 'big.service.consul', port: 80 },
  { service: 'innercase', node: 'Alpha', address: 'Alpha.Node.Consul', port: 80 },
  { service: 'inneru', node: 'Alpha', address: 'nope.service.consul', port: 80 },
  { service: 'loop', node: 'Alpha', address: 'loop.service.consul', port: 80 },
  { service: 'loopa', node: 'Alpha', address: 'loopb.service.consul', port: 80 },
  { service: 'loopb', node: 'Alpha', address: 'loopa.service.consul', port: 80 },
  { service: 'hs', node: 'hosted', port: 90 },
  { service: 'dup', node: 'Alpha', port: 1 },
  { service: 'dup', node: 'Alpha', port: 2 },
  { service: 'dup', node: 'Alpha', port: 2 },
  { service: 'Cart', node: 'Alpha', port: 1, tags: ['Blue.Green'] },
  { service: 'dotted', node: 'no.de', port: 1 },
  { service: 'un_der', node: 'under_score', port: 1 },
  { service: 'six', node: 'v6', port: 1 },
  { service: 'six4', node: 'Alpha', address: '2001:db8::2', port: 1 },
  { service: 'mapped', node: 'Alpha', address: '::ffff:10.9.9.9', port: 1 },
  { service: 'meta', node: 'metal', port: 1 },
  { service: 'meta', node: 'metal2', address: '10.5.5.5', port: 2 },
  { service: 'long', node: LONG_NODE_NAME, port: 3 },
  { service: 'badhost', node: 'Alpha', address: 'a..b', port: 3 },
  ...range(60, (n) => ({ service: 'big', node: 'Alpha', address: `10.2.0.${n}`, port: 1000 + n })),
  ...range(60, (n) => ({ service: 'bign', node: `bn${n}`, port: 1000 + n })),
  ...range(60, (n) => ({ service: 'metabig', node: `mt${n}`, port: 1000 + n })),
];

/** A catalog over the registrations above; `isReady` may change while it is in use. */
export class FixtureCatalog implements DnsCatalog {
  readonly datacenter = 'dc1';
  isReady = true;
  readonly #nodes = new Map<string, DnsNode>();
  readonly #answers = new Map<string, readonly DnsInstance[]>();
  readonly #services = new Map<string, { tags: readonly string[]; instance: DnsInstance }[]>();

  constructor() {
    for (const [name, { address, meta = {} }] of Object.entries(NODES)) {
      this.#nodes.set(name.toLowerCase(), { name, address, meta });
    }
    for (const spec of INSTANCES) {
      const node = this.node(spec.node.toLowerCase());
      if (!node) throw new Error(`the fixture has no node ${spec.node}`);
      const { address = '', port = 0, weights = { passing: 1, warning: 1 }, status = 'passing' } = spec;
      const instance = { node, address, port, weights, status };
      const registered = this.#services.get(spec.service.toLowerCase()) ?? [];
      registered.push({ tags: (spec.tags ?? []).map((tag) => tag.toLowerCase()), instance });
      this.#services.set(spec.service.toLowerCase(), registered);
    }
  }

  ready(): boolean {
    return this.isReady;
  }

  service(name: string, tag?: string): readonly DnsInstance[] | undefined {
    const question = `${name} ${tag ?? ''}`;
    const held = this.#answers.get(question);
    if (held) return held;
    const registered = this.#services.get(name);
    const tagged = registered?.filter(({ tags }) => tag === undefined || tags.includes(tag));
    const instances = tagged?.map(({ instance }) => instance);
    if (instances) this.#answers.set(question, instances);
    return instances;
  }

  revision(): number {
    return 1;
  }

  ringOf(): undefined {
    return undefined;
  }

  /** In the order of registration for the key `first`, in the opposite one for any other key. */
  preferenceList(service: string, key: KeyLabel, count: number): readonly DnsInstance[] | undefined {
    const instances = this.service(service)?.filter(({ status }) => status !== 'critical');
    const isFirst = 'text' in key && key.text === 'first';
    return (isFirst ? instances : instances?.toReversed())?.slice(0, count);
  }

  node(name: string): DnsNode | undefined {
    return this.#nodes.get(name);
  }

  nameAt(address: Uint8Array): string | undefined {
    const text = [...address].join('.');
    const [name] = Object.entries(NODES).find(([, node]) => node.address === text) ?? [];
    return name && `${name}.node`;
  }

  /** `careless` answers the critical instances of `db` too; `ordered` answers the others as they are, for two minutes; `mine` only clients in 10.7.0.0/16. */
  query(name: string, clientAddress: string | undefined): DnsQueryResult | undefined {
    const instances = (this.service('db') ?? []).filter(({ status }) => status !== 'critical');
    if (name === 'careless')
      return { service: 'db', instances: this.service('db') ?? [], ttlSeconds: undefined };
    if (name === 'ordered') return { service: 'db', instances, ttlSeconds: 120 };
    const isMine = name === 'mi.ne' && clientAddress?.startsWith('10.7.');
    return isMine ? { service: 'db', instances: instances.slice(0, 1), ttlSeconds: undefined } : undefined;
  }
}

function range<T>(count: number, make: (n: number) => T): T[] {
  return Array.from({ length: count }, (_, at) => make(at + 1));
}

function numbered<T>(count: number, make: (n: number) => [string, T]): Record<string, T> {
  return Object.fromEntries(range(count, make));
}
