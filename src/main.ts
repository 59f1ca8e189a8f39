#!/usr/bin/env node
import { readFileSync } from 'node:fs';
import { runCli } from './cli/index.ts';
import { ConfigError, loadConfig, settingsHelp, type Config } from './config/index.ts';
import { startServer, type RunningServer } from './server.ts';

const STOP_WITHIN_MS = 10_000;

/** Package version, from the package's own file. */
function readVersion(): string {
  const file: unknown = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8'));
  return typeof file === 'object' && file !== null && 'version' in file ? String(file.version) : 'unknown';
}

/** The one line that tells a supervisor, or a person, that the registry serves. */
function readyLine(config: Config, { httpPort, dnsPort }: RunningServer): string {
  const at = (port: number) =>
    `${config.bind.includes(':') ? `[${config.bind}]` : config.bind}:${String(port)}`;
  const store = config.redisUrl === undefined ? 'embedded' : 'redis';
  const data = config.redisUrl === undefined ? config.dataDir : redacted(config.redisUrl);
  return `rollcall ready http=${at(httpPort)} dns=${at(dnsPort)} store=${store} data=${data}\n`;
}

function redacted(url: string): string {
  const { protocol, host, pathname } = new URL(url);
  return `${protocol}//${host}${pathname === '/' ? '' : pathname}`;
}

/** Runs a registry node until SIGTERM or SIGINT; a second signal ends the process at once. */
async function serve(argv: readonly string[], version: string): Promise<void> {
  if (argv.includes('--help') || argv.includes('-h')) {
    process.stdout.write(`Usage: rollcall serve [--setting value ...]\n\n${settingsHelp()}`);
    return;
  }
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
  const config = loadConfig(argv, process.env);
  const running = await startServer(config, version, stopping.signal);
  if (running === undefined) return;
  process.stdout.write(readyLine(config, running));
  await signalled;
  await running.stop();
}

async function main(argv: readonly string[]): Promise<void> {
  const version = readVersion();
  if (argv[0] === 'serve') await serve(argv.slice(1), version);
  else await runCli(argv, version);
}

try {
  await main(process.argv.slice(2));
  process.exitCode = 0;
} catch (error) {
  process.stderr.write(`rollcall: ${error instanceof Error ? error.message : String(error)}\n`);
  process.exit(error instanceof ConfigError ? 2 : 1);
}
