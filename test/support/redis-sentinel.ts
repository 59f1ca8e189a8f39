import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import { eventually } from './eventually.ts';
import { freePort, RedisServer, type RedisServerOptions } from './redis-server.ts';

export interface SentinelOptions {
  /** What the sentinels call the primary; default `registry`. */
  readonly name?: string;
  /** Further lines of their configuration. */
  readonly settings?: readonly string[];
  /** Default 2. */
  readonly replicas?: number;
  /** Default 1000. */
  readonly downAfterMs?: number;
  /** Of each Redis server. */
  readonly server?: RedisServerOptions;
}

const running = new Set<SentinelProcess>();
process.on('exit', () => {
  for (const sentinel of running) sentinel.discard();
});

/** One sentinel with a directory of its own. */
class SentinelProcess {
  readonly port: number;
  readonly #directory = mkdtempSync(join(tmpdir(), 'rollcall-sentinel-'));
  readonly #child: ChildProcess;

  constructor(port: number, lines: readonly string[], program = 'redis-server') {
    this.port = port;
    const file = join(this.#directory, 'sentinel.conf');
    writeFileSync(file, [`port ${port}`, 'bind 127.0.0.1', `dir ${this.#directory}`, ...lines].join('\n'));
    this.#child = spawn(program, [file, '--sentinel'], { stdio: 'ignore' });
    running.add(this);
  }

  signal(signal: NodeJS.Signals): void {
    this.#child.kill(signal);
  }

  discard(): void {
    this.#child.kill('SIGKILL');
    running.delete(this);
    rmSync(this.#directory, { recursive: true, force: true });
  }

  async stop(): Promise<void> {
    const ended = this.#child.exitCode === null ? once(this.#child, 'exit') : undefined;
    this.discard();
    await ended;
  }
}

/** A primary, its replicas and three sentinels with a quorum of two, all real and on free ports. */
export class SentinelTopology {
  readonly servers: readonly RedisServer[];
  readonly sentinels: readonly SentinelProcess[];
  readonly #name: string;
  readonly #password: string | undefined;

  private constructor(
    servers: readonly RedisServer[],
    sentinels: readonly SentinelProcess[],
    { name = 'registry', server }: SentinelOptions,
  ) {
    this.servers = servers;
    this.sentinels = sentinels;
    this.#name = name;
    this.#password = server?.password;
  }

  static async start(options: SentinelOptions = {}): Promise<SentinelTopology> {
    const { name = 'registry', replicas = 2, downAfterMs = 1000, settings = [], server = {} } = options;
    const primary = await RedisServer.start(withConfig(server, {}));
    const followers = await Promise.all(
      Array.from({ length: replicas }, () =>
        RedisServer.start(withConfig(server, { replicaof: `127.0.0.1 ${primary.port}` })),
      ),
    );
    const sentinels: SentinelProcess[] = [];
    for (let i = 0; i < 3; i += 1) {
      const { password } = server;
      sentinels.push(
        new SentinelProcess(
          await freePort(),
          [
            `sentinel monitor ${name} 127.0.0.1 ${primary.port} 2`,
            `sentinel down-after-milliseconds ${name} ${downAfterMs}`,
            `sentinel failover-timeout ${name} 10000`,
            ...(password === undefined ? [] : [`sentinel auth-pass ${name} ${password}`]),
            ...settings,
          ],
          server.program,
        ),
      );
    }
    const topology = new SentinelTopology([primary, ...followers], sentinels, options);
    await topology.untilSettled(replicas);
    return topology;
  }

  /** The URL of the registry's setting. */
  get url(): string {
    const hosts = this.sentinels.map(({ port }) => `127.0.0.1:${port}`).join(',');
    const login = this.#password === undefined ? '' : `:${encodeURIComponent(this.#password)}@`;
    return `redis+sentinel://${login}${hosts}/${this.#name}`;
  }

  /** What most of the sentinels take for the primary. */
  async primary(): Promise<RedisServer> {
    const ports = await Promise.all(
      this.sentinels.map(async ({ port }) => {
        const reply = await command(port, 'SENTINEL', 'GET-MASTER-ADDR-BY-NAME', this.#name);
        return Array.isArray(reply) ? Number(reply[1]) : 0;
      }),
    );
    const port = ports.sort()[1];
    const server = this.servers.find((one) => one.port === port);
    if (server === undefined) throw new Error(`the sentinels name ${ports.join(', ')}`);
    return server;
  }

  /** Waits until every sentinel knows the others, and `replicas` of the primary are online. */
  async untilSettled(replicas: number): Promise<void> {
    const settled = async ({ port }: SentinelProcess): Promise<boolean> => {
      const reply = await command(port, 'SENTINEL', 'MASTER', this.#name);
      const fields = Array.isArray(reply) ? reply.map(String) : [];
      const field = (name: string): string | undefined => fields[fields.indexOf(name) + 1];
      return (
        field('flags') === 'master' &&
        field('num-other-sentinels') === '2' &&
        Number(field('num-slaves')) >= replicas
      );
    };
    await eventually(
      async () => (await Promise.all(this.sentinels.map(settled))).every((each) => each),
      'sentinels that know each other',
      30_000,
    );
    const primary = await this.primary();
    await eventually(
      async () =>
        [...String(await primary.call('INFO', 'replication')).matchAll(/state=online/g)].length >= replicas,
      'replicas',
      30_000,
    );
  }

  /** Asks the sentinels for a failover of a healthy primary. */
  async failover(): Promise<void> {
    await command(this.sentinels[0]?.port ?? 0, 'SENTINEL', 'FAILOVER', this.#name);
  }

  async stop(): Promise<void> {
    await Promise.all(this.sentinels.map((sentinel) => sentinel.stop()));
    await Promise.all(this.servers.map((server) => server.stop()));
  }
}

function withConfig(options: RedisServerOptions, config: Record<string, string>): RedisServerOptions {
  const { password } = options;
  const masterauth: Record<string, string> = password === undefined ? {} : { masterauth: password };
  return { ...options, config: { ...options.config, ...masterauth, ...config } };
}

async function command(port: number, name: string, ...args: string[]): Promise<unknown> {
  const client = new Redis(port, '127.0.0.1', { protocol: 2, lazyConnect: true, retryStrategy: () => null });
  client.on('error', () => undefined);
  try {
    await client.connect();
    return await client.call(name, ...args);
  } finally {
    client.disconnect();
  }
}
