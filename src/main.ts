#!/usr/bin/env node
import cluster from 'node:cluster';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { runCli } from './cli/index.ts';
import {
  agentHelp,
  ConfigError,
  loadAgentConfig,
  loadConfig,
  settingsHelp,
  type Config,
} from './config/index.ts';
import { systemClock } from './platform/clock.ts';
import { createLogger } from './platform/logger.ts';
import { startServer, type StartOptions } from './server.ts';
import { WorkerSupervisor, type WorkerReady } from './workers.ts';

const STOP_WITHIN_MS = 10_000;
/** Tells a worker its number; the supervisor sets it. */
const WORKER_NUMBER = 'WORKER_NUMBER';

/** Package version, from the package's own file. */
function readVersion(): string {
  const file: unknown = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8'));
  return typeof file === 'object' && file !== null && 'version' in file ? String(file.version) : 'unknown';
}

/** The one line that tells a supervisor, or a person, that the registry serves. */
function readyLine(config: Config, { httpPort, dnsPort }: WorkerReady): string {
  const at = (host: string, port: number) => `${host.includes(':') ? `[${host}]` : host}:${String(port)}`;
  const dns = dnsPort === undefined ? 'off' : at(config.dnsBind ?? config.bind, dnsPort);
  const store = config.redisUrl === undefined ? 'embedded' : 'redis';
  const data = config.redisUrl === undefined ? config.dataDir : redacted(config.redisUrl);
  return `rollcall ready http=${at(config.bind, httpPort)} dns=${dns} store=${store} data=${data}\n`;
}

function redacted(url: string): string {
  return url.replace(/\/\/[^/?#]*@/, '//').replace(/\/?(\?.*)?$/, '');
}

async function serve(argv: readonly string[], version: string): Promise<void> {
  if (argv.includes('--help') || argv.includes('-h')) {
    process.stdout.write(`Usage: rollcall serve [--setting value ...]\n\n${settingsHelp()}`);
    return;
  }
  const config = loadConfig(argv, process.env);
  if (config.workers === 1) await run(config, version);
  else if (config.redisUrl === undefined)
    throw new ConfigError('several workers need a Redis: the embedded store belongs to one process');
  else if (cluster.isPrimary) await supervise(config);
  else await work(config, version, process.env[WORKER_NUMBER] ?? '');
}

/** Runs the workers until SIGTERM or SIGINT; a second signal ends the process at once. */
async function supervise(config: Config): Promise<void> {
  const workers = new WorkerSupervisor({
    count: config.workers,
    logger: createLogger(config.logLevel),
    clock: systemClock,
    numberVariable: WORKER_NUMBER,
    onReady: (ready) => process.stdout.write(readyLine(config, ready)),
  });
  const { stopped } = ending(['SIGTERM', 'SIGINT']);
  process.on('SIGHUP', () => {
    workers.reload();
  });
  workers.start();
  const code = await Promise.race([stopped, workers.failed]);
  await workers.stop();
  // The worker has said why.
  if (code !== undefined) process.exit(code);
}

/** Runs one of several registry nodes behind one port; its supervisor tells it when to end. */
async function work(config: Config, version: string, number: string): Promise<void> {
  const options = { metricLabels: { worker: number }, listenWhenReady: true };
  const starting = new AbortController();
  // Ctrl-C reaches the workers too, and their supervisor is the one to act on it.
  process.on('SIGINT', () => undefined);
  const { stop, stopped } = ending(['SIGTERM'], starting);
  // Without a supervisor there is nobody to start it again.
  process.once('disconnect', () => {
    if (!starting.signal.aborted) stop();
  });
  const nodeName = `${config.nodeName}-${number}`;
  const started = startServer({ ...config, nodeName }, version, starting.signal, options);
  process.on('message', (message) => {
    if (message === 'stop') stop();
    else void started.then((server) => server?.reload()).catch(() => undefined);
  });
  const running = await started;
  if (running !== undefined) {
    const { httpPort, dnsPort } = running;
    process.send?.({ httpPort, dnsPort } satisfies WorkerReady);
    await stopped;
    await running.stop();
  }
  if (process.connected) process.disconnect();
}

/** Runs a registry node by the configuration of a Consul agent. */
async function agent(argv: readonly string[], version: string): Promise<void> {
  if (argv.some((each) => /^--?h(elp)?$/.test(each))) {
    process.stdout.write(agentHelp());
    return;
  }
  let directory: string | undefined;
  const ephemeral = () => (directory ??= mkdtempSync(join(tmpdir(), 'rollcall-dev-')));
  const load = () => loadAgentConfig(argv, process.env, ephemeral);
  process.on('exit', () => {
    if (directory !== undefined) rmSync(directory, { recursive: true, force: true });
  });
  const { config, leftAside } = load();
  const readDefinitions = () => {
    const { definitions, nodeMeta } = load();
    return { files: definitions, nodeMeta };
  };
  await run(config, version, { leftAside, readDefinitions });
}

/** Runs a registry node until SIGTERM or SIGINT; a second signal ends the process at once. */
async function run(config: Config, version: string, options: StartOptions = {}): Promise<void> {
  const starting = new AbortController();
  const { stopped } = ending(['SIGTERM', 'SIGINT'], starting);
  const started = startServer(config, version, starting.signal, options);
  process.on('SIGHUP', () => {
    // The server logs why a reload failed, and goes on as it was.
    void started.then((server) => server?.reload()).catch(() => undefined);
  });
  const running = await started;
  if (running === undefined) return;
  process.stdout.write(readyLine(config, running));
  await stopped;
  await running.stop();
}

/** How a process comes to its end: at the first signal in order, at the second, or ten seconds later, at once. */
function ending(
  signals: readonly NodeJS.Signals[],
  starting = new AbortController(),
): { readonly stop: () => void; readonly stopped: Promise<undefined> } {
  let stop = (): void => undefined;
  const stopped = new Promise<undefined>((resolve) => {
    stop = () => {
      if (starting.signal.aborted) process.exit(1);
      starting.abort();
      setTimeout(() => process.exit(1), STOP_WITHIN_MS).unref();
      resolve(undefined);
    };
  });
  for (const signal of signals) process.on(signal, stop);
  return { stop, stopped };
}

async function main(argv: readonly string[]): Promise<void> {
  const version = readVersion();
  const [command, ...rest] = argv;
  if (command === 'serve') await serve(rest, version);
  else if (command === 'agent') await agent(rest, version);
  else await runCli(argv, version);
}

try {
  await main(process.argv.slice(2));
  process.exitCode = 0;
} catch (error) {
  process.stderr.write(`rollcall: ${error instanceof Error ? error.message : String(error)}\n`);
  process.exit(error instanceof ConfigError ? 2 : 1);
}
