import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { send } from './http-request.ts';
import type { Target } from './load.ts';
import { here, killAtExit } from './programs.ts';
import type { Run } from './run.ts';
import { scratchPath } from './scratch.ts';

const UP_WITHIN_MS = 120_000;

/** Another server to compare with, on the core of the servers under test. */
export interface Peer extends Target {
  readonly name: string;
  /** How many requests it takes to become as fast as it gets; default 0. */
  readonly warmUpRequests?: number;
  readonly stop: () => void;
}

/** What makes a server one: how it is started, and what succeeds once it serves. */
interface PeerStart {
  readonly name: string;
  readonly port: number;
  readonly command: readonly [string, ...string[]];
  readonly serves: () => Promise<unknown>;
}

/** Starts a server and waits until it serves. */
export async function startPeer(run: Run, { name, port, command, serves }: PeerStart): Promise<Peer> {
  const [file, ...args] = run.onServerCore(command);
  const child = spawn(file, args, { stdio: ['ignore', 'ignore', 'ignore'] });
  let failure: Error | undefined;
  child.on('error', (error) => (failure = error));
  const stop = () => void child.kill('SIGKILL');
  killAtExit(child);
  const deadline = Date.now() + UP_WITHIN_MS;
  for (;;) {
    try {
      await serves();
      return { name, port, pid: child.pid ?? 0, stop };
    } catch (error) {
      if (failure !== undefined || child.exitCode !== null || Date.now() > deadline) {
        stop();
        throw new Error(`${name} does not serve`, { cause: failure ?? error });
      }
      await sleep(200);
    }
  }
}

/** A real Consul: one server that keeps its log on disk, as one would run it; its DNS beside it. */
export async function startConsul(run: Run): Promise<(Peer & { readonly dnsPort: number }) | undefined> {
  const program = printedBy('Consul', 'get-consul.mjs');
  if (program === undefined) return undefined;
  const [http = 0, dns = 0, server, lan, wan] = await freePorts(5);
  const ports = { http, dns, server, serf_lan: lan, serf_wan: wan, grpc: -1 };
  const settings = {
    ports,
    bind_addr: '127.0.0.1',
    log_level: 'ERROR',
    node_name: 'peer',
    server: true,
    bootstrap_expect: 1,
    data_dir: scratchDirectory('consul'),
    // As its documentation tells to set on a production server.
    performance: { raft_multiplier: 1 },
  };
  const file = written('consul.json', JSON.stringify(settings));
  const leads = () => send(http, { method: 'PUT', path: '/v1/kv/ready', body: '' }, 0);
  const command = [program, 'agent', `-config-file=${file}`] as const;
  const name = `Consul ${versionIn(outputOf(program, 'version'))}`;
  const peer = await startPeer(run, { name, port: http, command, serves: leads });
  return { ...peer, dnsPort: dns };
}

/** A real Eureka server: that of Spring Cloud, on Tomcat, with the memory and the compiler that servers have. */
export async function startEureka(run: Run): Promise<Peer | undefined> {
  const built = printedBy('Eureka', 'get-java-programs.mjs');
  if (built === undefined) return undefined;
  const [port = 0] = await freePorts(1);
  const server = join(built, 'spring-server');
  const properties = {
    'server.port': port,
    'server.address': '127.0.0.1',
    // Else Tomcat closes a connection after a hundred requests.
    'server.tomcat.max-keep-alive-requests': -1,
    'logging.level.root': 'error',
    'eureka.client.register-with-eureka': false,
    'eureka.client.fetch-registry': false,
    // What it answers from is at most that old; the default of 30 s would only make the start longer.
    'eureka.server.response-cache-update-interval-ms': 1000,
    'java.net.preferIPv4Stack': true,
  };
  const defined = Object.entries(properties).map(([name, value]) => `-D${name}=${String(value)}`);
  const classpath = `${join(server, 'classes')}:${readFileSync(join(server, 'classpath'), 'utf8').trim()}`;
  const command = ['java', '-Xmx2g', ...defined, '-cp', classpath, 'rollcall.SpringServer'] as const;
  const serves = () => send(port, { method: 'GET', path: '/eureka/apps' }, 0);
  const [, version = ''] = /eureka-core-([\d.]+)\.jar/.exec(classpath) ?? [];
  const peer = await startPeer(run, { name: `Eureka ${version}`, port, command, serves });
  return { ...peer, warmUpRequests: 100_000 };
}

/** A real etcd, one member that syncs its log; asked through the JSON gateway that it has for HTTP. */
export async function startEtcd(run: Run): Promise<Peer | undefined> {
  const directory = printedBy('etcd', 'get-package.mjs', 'bookworm', 'etcd-server');
  if (directory === undefined) return undefined;
  const [port = 0, peerPort = 0] = await freePorts(2);
  const [client, member] = [port, peerPort].map((each) => `http://127.0.0.1:${String(each)}`);
  const options = {
    'data-dir': scratchDirectory('etcd'),
    'listen-client-urls': client,
    'advertise-client-urls': client,
    'listen-peer-urls': member,
    'initial-advertise-peer-urls': member,
    'initial-cluster': `default=${member ?? ''}`,
    'log-level': 'error',
  };
  const flags = Object.entries(options).map(([name, value]) => `--${name}=${value ?? ''}`);
  const program = join(directory, 'usr/bin/etcd');
  const name = `etcd ${versionIn(outputOf(program, '--version'))}, HTTP gateway`;
  const serves = () => send(port, { method: 'GET', path: '/health' }, 0);
  return startPeer(run, { name, port, command: [program, ...flags], serves });
}

/** Ports that were free a moment ago, all different. */
export async function freePorts(count: number): Promise<number[]> {
  const servers = Array.from({ length: count }, () => createServer().listen(0, '127.0.0.1'));
  const ports: number[] = [];
  for (const server of servers) {
    if (!server.listening) await once(server, 'listening');
    ports.push((server.address() as AddressInfo).port);
  }
  for (const server of servers) server.close();
  return ports;
}

export function written(name: string, content: string): string {
  const path = scratchPath(name);
  writeFileSync(path, content);
  return path;
}

export function scratchDirectory(name: string): string {
  const path = scratchPath(name);
  mkdirSync(path, { recursive: true });
  return path;
}

function outputOf(program: string, argument: string): string {
  return spawnSync(program, [argument], { encoding: 'utf8' }).stdout;
}

function versionIn(text: string): string {
  return /\d+(?:\.\d+)+/.exec(text)?.[0] ?? '';
}

/** What a script that fetches a program prints; undefined, and said so, where it cannot be had. */
function printedBy(peer: string, script: string, ...args: readonly string[]): string | undefined {
  const { status, stdout } = spawnSync(process.execPath, [here(`../scripts/${script}`), ...args], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  if (status === 0) return stdout.trim();
  console.error(`left out: ${peer} cannot be had on this machine`);
  return undefined;
}
