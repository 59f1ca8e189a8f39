import { eventually } from './eventually.ts';
import { RedisServer, type RedisServerOptions } from './redis-server.ts';

const SLOTS = 16_384;

export interface ClusterOptions {
  /** Default 3. */
  readonly primaries?: number;
  /** Per primary; default 1. */
  readonly replicas?: number;
  /** Default 1000. */
  readonly nodeTimeoutMs?: number;
  readonly server?: RedisServerOptions;
}

/** A Redis Cluster of real servers on free ports, with equal shares of the slots. */
export class ClusterTopology {
  readonly servers: readonly RedisServer[];

  private constructor(servers: readonly RedisServer[]) {
    this.servers = servers;
  }

  static async start(options: ClusterOptions = {}): Promise<ClusterTopology> {
    const { primaries = 3, replicas = 1, nodeTimeoutMs = 1000, server = {} } = options;
    const count = primaries * (1 + replicas);
    const config = {
      ...server.config,
      'cluster-enabled': 'yes',
      'cluster-node-timeout': String(nodeTimeoutMs),
      ...(server.password === undefined ? {} : { masterauth: server.password }),
    };
    const servers = await Promise.all(
      Array.from({ length: count }, () => RedisServer.start({ ...server, config })),
    );
    const topology = new ClusterTopology(servers);
    await topology.#join(primaries);
    return topology;
  }

  /** The URL of the registry's setting. */
  get url(): string {
    return `redis+cluster://${this.servers.map(({ port }) => `127.0.0.1:${port}`).join(',')}`;
  }

  /** The servers of the shard that holds the keys of a namespace: the primary first. */
  async shard(namespace = 'rollcall'): Promise<{ primary: RedisServer; replicas: RedisServer[] }> {
    const slot = Number(await this.#any('CLUSTER', 'KEYSLOT', `{${namespace}}`));
    const lines = String(await this.#any('CLUSTER', 'NODES'))
      .split('\n')
      .map((line) => line.split(' '));
    const owner = lines.find((fields) =>
      fields.slice(8).some((range) => {
        const [first, last = first] = range.split('-').map(Number);
        return slot >= (first ?? Infinity) && slot <= (last ?? -1);
      }),
    );
    const serverOf = (fields: readonly string[]): RedisServer => {
      const port = Number(/:(\d+)@/.exec(fields[1] ?? '')?.[1]);
      const server = this.servers.find((one) => one.port === port);
      if (server === undefined) throw new Error(`no server listens on ${port}`);
      return server;
    };
    if (owner === undefined) throw new Error(`nobody owns slot ${slot}`);
    const replicas = lines.filter((fields) => fields[3] === owner[0] && !(fields[2] ?? '').includes('fail'));
    return { primary: serverOf(owner), replicas: replicas.map(serverOf) };
  }

  /** Waits until every server has found its place: all slots served, all replicas in touch. */
  async untilWhole(): Promise<void> {
    await eventually(
      async () => (await Promise.all(this.servers.map(isWhole))).every((each) => each),
      'a whole cluster',
      30_000,
    );
  }

  async stop(): Promise<void> {
    await Promise.all(this.servers.map((server) => server.stop()));
  }

  async #join(primaries: number): Promise<void> {
    const [first, ...rest] = this.servers;
    if (first === undefined) throw new Error('no servers');
    for (const [index, server] of this.servers.entries()) {
      await server.call('CLUSTER', 'SET-CONFIG-EPOCH', index + 1);
      if (server !== first) await first.call('CLUSTER', 'MEET', '127.0.0.1', server.port);
      if (index >= primaries) continue;
      const share = (n: number): number => Math.floor((SLOTS * n) / primaries);
      await server.call('CLUSTER', 'ADDSLOTSRANGE', share(index), share(index + 1) - 1);
    }
    const knowsAll = async (server: RedisServer): Promise<boolean> =>
      String(await server.call('CLUSTER', 'NODES'))
        .trim()
        .split('\n').length === this.servers.length &&
      !String(await server.call('CLUSTER', 'NODES')).includes('handshake');
    await eventually(
      async () => (await Promise.all(this.servers.map(knowsAll))).every((each) => each),
      'nodes that know each other',
      30_000,
    );
    for (const [index, server] of rest.slice(primaries - 1).entries()) {
      const id = String(await this.servers[index % primaries]?.call('CLUSTER', 'MYID'));
      await server.call('CLUSTER', 'REPLICATE', id);
    }
    await this.untilWhole();
  }

  /** Asks the servers in turn until one answers. */
  async #any(command: string, ...args: (string | number)[]): Promise<unknown> {
    for (const server of this.servers) {
      const reply = await server.call(command, ...args).catch(() => undefined);
      if (reply !== undefined) return reply;
    }
    throw new Error('no server of the cluster answers');
  }
}

async function isWhole(server: RedisServer): Promise<boolean> {
  const ok = String(await server.call('CLUSTER', 'INFO')).includes('cluster_state:ok');
  const replication = String(await server.call('INFO', 'replication'));
  return ok && (replication.includes('role:master') || replication.includes('master_link_status:up'));
}
