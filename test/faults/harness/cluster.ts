import { RedisServer, type RedisServerOptions } from '../../support/redis-server.ts';
import { SentinelTopology } from '../../support/redis-sentinel.ts';
import type { ProcessOptions } from '../../support/rollcall-process.ts';
import { TcpProxy } from '../../support/tcp-proxy.ts';
import { RegistryNode } from './registry-node.ts';

const DURABLE: RedisServerOptions = { appendonly: true, appendfsync: 'always' };

export interface ClusterOptions {
  /** Registry nodes; default 2. */
  readonly nodes?: number;
  /** One Redis, each node with a line of its own to it, or a primary with two replicas and three sentinels. */
  readonly topology?: 'single' | 'sentinel';
  /** Default: `appendonly yes`, `appendfsync always`. */
  readonly redis?: () => RedisServerOptions;
  /** Settings of every node besides where Redis is. */
  readonly settings?: Readonly<Record<string, string>>;
  /** How the nodes' processes are started, by number. */
  readonly process?: (node: number) => ProcessOptions;
}

/** A registry under test: its Redis servers, the lines to them, and its nodes. */
export class FaultCluster {
  /** The only Redis, or the one that is the primary at first. */
  readonly redis: RedisServer;
  readonly sentinels: SentinelTopology | undefined;
  /** The line of each node to its only Redis. */
  readonly proxies: readonly TcpProxy[];
  readonly nodes: readonly RegistryNode[];
  readonly #extra: RedisServer[] = [];
  readonly #extraProxies: TcpProxy[] = [];

  private constructor(
    redis: RedisServer,
    sentinels: SentinelTopology | undefined,
    proxies: readonly TcpProxy[],
    options: ClusterOptions,
  ) {
    this.redis = redis;
    this.sentinels = sentinels;
    this.proxies = proxies;
    this.nodes = Array.from({ length: options.nodes ?? 2 }, (_, number) => {
      const line = proxies[number];
      const url =
        line === undefined ? (sentinels?.url ?? redis.url) : `redis://127.0.0.1:${String(line.port)}`;
      const settings = { REDIS_URL: url, ...options.settings };
      return new RegistryNode(`node-${String(number + 1)}`, settings, options.process?.(number));
    });
  }

  static async start(options: ClusterOptions = {}): Promise<FaultCluster> {
    const server = options.redis?.() ?? DURABLE;
    const sentinels = options.topology === 'sentinel' ? await SentinelTopology.start({ server }) : undefined;
    const redis = sentinels?.servers[0] ?? (await RedisServer.start(server));
    const lines = sentinels === undefined ? (options.nodes ?? 2) : 0;
    const proxies = await Promise.all(Array.from({ length: lines }, () => TcpProxy.start(redis.port)));
    const cluster = new FaultCluster(redis, sentinels, proxies, options);
    try {
      await Promise.all(cluster.nodes.map((node) => node.start()));
    } catch (error) {
      await cluster.stop();
      throw error;
    }
    return cluster;
  }

  /** The Redis that takes writes now. */
  async primary(): Promise<RedisServer> {
    return this.sentinels?.primary() ?? this.redis;
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
    for (const redis of [this.redis, ...(this.sentinels?.servers ?? [])]) redis.resume();
    for (const proxy of this.proxies) proxy.thaw();
    await Promise.all(this.nodes.map((node) => node.stop()));
    await Promise.all([...this.proxies, ...this.#extraProxies].map((proxy) => proxy.stop()));
    await (this.sentinels ?? this.redis).stop();
    await Promise.all(this.#extra.map((redis) => redis.stop()));
  }
}
