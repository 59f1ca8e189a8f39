import { RedisServer, type RedisServerOptions } from '../../support/redis-server.ts';
import type { ProcessOptions } from '../../support/rollcall-process.ts';
import { TcpProxy } from '../../support/tcp-proxy.ts';
import { RegistryNode } from './registry-node.ts';

export interface ClusterOptions {
  /** Registry nodes; default 2. */
  readonly nodes?: number;
  /** Default: `appendonly yes`, `appendfsync always`. */
  readonly redis?: () => RedisServerOptions;
  /** Settings of every node besides where Redis is. */
  readonly settings?: Readonly<Record<string, string>>;
  /** How the nodes' processes are started, by number. */
  readonly process?: (node: number) => ProcessOptions;
}

/** A registry under test: one Redis, a proxy in front of it for each node, and the nodes. */
export class FaultCluster {
  readonly redis: RedisServer;
  readonly proxies: readonly TcpProxy[];
  readonly nodes: readonly RegistryNode[];
  readonly #extra: RedisServer[] = [];
  readonly #extraProxies: TcpProxy[] = [];

  private constructor(redis: RedisServer, proxies: readonly TcpProxy[], options: ClusterOptions) {
    this.redis = redis;
    this.proxies = proxies;
    this.nodes = proxies.map(
      ({ port }, number) =>
        new RegistryNode(
          `node-${String(number + 1)}`,
          { REDIS_URL: `redis://127.0.0.1:${String(port)}`, ...options.settings },
          options.process?.(number),
        ),
    );
  }

  static async start(options: ClusterOptions = {}): Promise<FaultCluster> {
    const durable = { appendonly: true, appendfsync: 'always' } as const;
    const redis = await RedisServer.start(options.redis?.() ?? durable);
    const count = options.nodes ?? 2;
    const proxies = await Promise.all(Array.from({ length: count }, () => TcpProxy.start(redis.port)));
    const cluster = new FaultCluster(redis, proxies, options);
    try {
      await Promise.all(cluster.nodes.map((node) => node.start()));
    } catch (error) {
      await cluster.stop();
      throw error;
    }
    return cluster;
  }

  /** Another Redis, which ends with the cluster. */
  async addRedis(options: RedisServerOptions): Promise<RedisServer> {
    const redis = await RedisServer.start(options);
    this.#extra.push(redis);
    return redis;
  }

  /** A line to a Redis, which ends with the cluster. */
  async addProxy(redis: RedisServer): Promise<TcpProxy> {
    const proxy = await TcpProxy.start(redis.port);
    this.#extraProxies.push(proxy);
    return proxy;
  }

  /** Where the nodes find Redis from now on; the connections of now are cut. */
  switchTo(redis: RedisServer): void {
    for (const proxy of this.proxies) {
      proxy.switchTo(redis.port);
      proxy.cut();
    }
  }

  /** The nodes' logs by file name. */
  logs(): Record<string, string> {
    return Object.fromEntries(this.nodes.map((node) => [`${node.name}.log`, node.log]));
  }

  /** Ends everything, whatever state it is in. */
  async stop(): Promise<void> {
    this.redis.resume();
    for (const proxy of this.proxies) proxy.thaw();
    await Promise.all(this.nodes.map((node) => node.stop()));
    await Promise.all([...this.proxies, ...this.#extraProxies].map((proxy) => proxy.stop()));
    await Promise.all([this.redis, ...this.#extra].map((redis) => redis.stop()));
  }
}
