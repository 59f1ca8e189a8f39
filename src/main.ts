#!/usr/bin/env node
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
import { startServer, type RunningServer, type StartOptions } from './server.ts';

const STOP_WITHIN_MS = 10_000;

/** Package version, from the package's own file. */
function readVersion(): string {
  const file: unknown = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8'));
  return typeof file === 'object' && file !== null && 'version' in file ? String(file.version) : 'unknown';
}

/** The one line that tells a supervisor, or a person, that the registry serves. */
function readyLine(config: Config, { httpPort, dnsPort }: RunningServer): string {
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
  await run(loadConfig(argv, process.env), version);
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
  const stopping = new AbortController();
  const stop = () => {
    if (stopping.signal.aborted) process.exit(1);
    stopping.abort();
    setTimeout(() => process.exit(1), STOP_WITHIN_MS).unref();
  };
  const signalled = new Promise<void>((resolve) => {
    stopping.signal.addEventListener('abort', () => {
      resolve();
    });
  });
  process.on('SIGTERM', stop);
  process.on('SIGINT', stop);
  const started = startServer(config, version, stopping.signal, options);
  process.on('SIGHUP', () => {
    // The server logs why a reload failed, and goes on as it was.
    void started.then((server) => server?.reload()).catch(() => undefined);
  });
  const running = await started;
  if (running === undefined) return;
  process.stdout.write(readyLine(config, running));
  await signalled;
  await running.stop();
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
