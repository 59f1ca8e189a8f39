import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { Redis } from 'ioredis';
import { readCertificates, type Certificates } from './certificates.ts';

const START_TIMEOUT_MS = 15_000;
const STOP_TIMEOUT_MS = 3000;

export interface RedisServerOptions {
  /** Default false: nothing survives a restart. */
  readonly appendonly?: boolean;
  /** Default `everysec`. */
  readonly appendfsync?: 'always' | 'everysec' | 'no';
  readonly password?: string;
  /** Any other line of redis.conf, such as `maxmemory`. */
  readonly config?: Readonly<Record<string, string>>;
  /** Environment variables besides this process's own. */
  readonly env?: Readonly<Record<string, string>>;
  /** Speaks TLS only, and asks clients for a certificate. */
  readonly tls?: Certificates;
  /** A redis.conf to start from, instead of the settings above. */
  readonly configFile?: string;
  /** Default `redis-server`; another program that understands its arguments, such as Valkey's. */
  readonly program?: string;
}

const running = new Set<RedisServer>();
process.on('exit', () => {
  for (const server of running) server.discard();
});

let available: boolean | undefined;

/** Whether `redis-server` is on the PATH. */
export function redisAvailable(): boolean {
  available ??= spawnSync('redis-server', ['--version']).status === 0;
  return available;
}

/** Skips the suite of a `before` hook where Redis is missing; with `CI=true` fails it instead. */
export function requireRedis(context: Mocha.Context): void {
  if (redisAvailable()) return;
  if (process.env['CI'] === 'true') throw new Error('redis-server is not on the PATH');
  context.skip();
}

/** A real redis-server of a test's own, on a free port of 127.0.0.1 and with a directory of its own. */
export class RedisServer {
  readonly port: number;
  readonly #options: RedisServerOptions;
  readonly directory = mkdtempSync(join(tmpdir(), 'rollcall-redis-'));
  #child: ChildProcess | undefined;

  private constructor(port: number, options: RedisServerOptions) {
    this.port = port;
    this.#options = options;
  }

  static async start(options: RedisServerOptions = {}): Promise<RedisServer> {
    for (let attempt = 1; ; attempt += 1) {
      const server = new RedisServer(await freePort(), options);
      running.add(server);
      try {
        await server.#spawn();
        return server;
      } catch (error) {
        await server.stop();
        // Somebody else may have taken the port in between.
        if (attempt === 3) throw error;
      }
    }
  }

  get url(): string {
    const { password, tls } = this.#options;
    const login = password === undefined ? '' : `:${encodeURIComponent(password)}@`;
    return `${tls === undefined ? 'redis' : 'rediss'}://${login}127.0.0.1:${this.port}`;
  }

  /** Ends the server and removes its directory. */
  async stop(): Promise<void> {
    await this.#end('SIGTERM');
    this.discard();
  }

  /** As `stop`, without waiting for anything. */
  discard(): void {
    this.#child?.kill('SIGKILL');
    running.delete(this);
    rmSync(this.directory, { recursive: true, force: true });
  }

  async kill(): Promise<void> {
    await this.#end('SIGKILL');
  }

  pause(): void {
    this.#child?.kill('SIGSTOP');
  }

  resume(): void {
    this.#child?.kill('SIGCONT');
  }

  /** Starts again on the same directory and port, killing the server first where it still runs. */
  async restart(): Promise<void> {
    await this.kill();
    await this.#spawn();
  }

  /** Sends one command over a connection of its own. */
  async call(command: string, ...args: readonly (string | number)[]): Promise<unknown> {
    const { tls } = this.#options;
    const client = new Redis(this.url, {
      ...(tls === undefined ? {} : { tls: readCertificates(tls) }),
      protocol: 2,
      lazyConnect: true,
      // It must get through while Redis answers BUSY.
      enableReadyCheck: false,
      retryStrategy: () => null,
    });
    client.on('error', () => undefined);
    try {
      await client.connect();
      return await client.call(command, ...args);
    } finally {
      client.disconnect();
    }
  }

  async #spawn(): Promise<void> {
    const { appendonly = false, appendfsync = 'everysec', password, config = {}, env, tls } = this.#options;
    const { program = 'redis-server', configFile } = this.#options;
    const settings: Record<string, string> = {
      ...(tls === undefined ? { port: String(this.port) } : tlsSettings(this.port, tls)),
      bind: '127.0.0.1',
      dir: this.directory,
      'repl-diskless-sync-delay': '0',
      ...(configFile === undefined ? { save: '', appendonly: appendonly ? 'yes' : 'no', appendfsync } : {}),
      ...(password === undefined ? {} : { requirepass: password }),
      ...config,
    };
    const flags = Object.entries(settings).flatMap(([name, value]) => [`--${name}`, value]);
    const args = configFile === undefined ? flags : [configFile, ...flags];
    const child = spawn(program, args, {
      stdio: ['ignore', 'pipe', 'ignore'],
      env: { ...process.env, ...env },
    });
    this.#child = child;
    const said: string[] = [];
    await new Promise<void>((resolve, reject) => {
      const failed = (reason: string): void => reject(new Error(`${program} ${reason}\n${said.join('\n')}`));
      const timer = setTimeout(() => failed('did not start in time'), START_TIMEOUT_MS);
      child.once('error', (error) => failed(error.message));
      child.once('exit', (code) => failed(`ended with ${code}`));
      createInterface({ input: child.stdout }).on('line', (line) => {
        said.push(line);
        if (!line.includes('eady to accept connections')) return;
        clearTimeout(timer);
        resolve();
      });
    });
  }

  async #end(signal: NodeJS.Signals): Promise<void> {
    const child = this.#child;
    this.#child = undefined;
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const ended = once(child, 'exit');
    child.kill(signal);
    child.kill('SIGCONT');
    const timer = setTimeout(() => child.kill('SIGKILL'), STOP_TIMEOUT_MS);
    await ended;
    clearTimeout(timer);
  }
}

/** What a server and its replicas need to speak TLS alone; a URL of the same port leads there. */
export function tlsSettings(port: number, { ca, cert, key }: Certificates): Record<string, string> {
  return {
    port: '0',
    'tls-port': String(port),
    'tls-ca-cert-file': ca,
    'tls-cert-file': cert,
    'tls-key-file': key,
    'tls-replication': 'yes',
  };
}

/** Below the ports that outgoing connections are given, so that nobody takes it while the server restarts. */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = 20_000 + Math.floor(Math.random() * 12_000);
    const server = createServer();
    const free = await new Promise<boolean>((resolve) => {
      server.once('error', () => resolve(false));
      server.listen(port, '127.0.0.1', () => resolve(true));
    });
    if (!free) continue;
    server.close();
    await once(server, 'close');
    return port;
  }
}
