import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

const MAIN = fileURLToPath(new URL('../../dist/main.js', import.meta.url));
const READY_WITHIN_MS = 30_000;
const STOP_WITHIN_MS = 12_000;

const children = new Set<ChildProcess>();
process.on('exit', () => {
  for (const child of children) child.kill('SIGKILL');
});

/** The built program, running as a user runs it. */
export interface RollcallProcess {
  readonly pid: number;
  readonly httpPort: number;
  readonly dnsPort: number;
  readonly url: string;
  readonly readyLine: string;
  /** What it has written to stderr so far. */
  readonly log: () => string;
  /** SIGTERM; resolves with the exit code. */
  stop(): Promise<number | null>;
  /** SIGKILL. */
  kill(): Promise<void>;
  signal(signal: NodeJS.Signals): void;
  /** Resolves with the exit code once it has ended. */
  exited(): Promise<number | null>;
}

export interface ProcessOptions {
  /** The program's file; default: the build of this tree. */
  readonly main?: string;
  /** Environment variables besides the settings. */
  readonly env?: Readonly<Record<string, string>>;
}

/** Starts `rollcall serve`, or as told, on free ports; settings are environment variables without `ROLLCALL_`. */
export async function startRollcall(
  settings: Readonly<Record<string, string>>,
  argv: readonly string[] = ['serve'],
  options: ProcessOptions = {},
): Promise<RollcallProcess> {
  const env: NodeJS.ProcessEnv = {
    PATH: process.env['PATH'],
    HOME: process.env['HOME'],
    ...options.env,
    ROLLCALL_HTTP_PORT: '0',
    ROLLCALL_DNS_PORT: '0',
  };
  for (const [name, value] of Object.entries(settings)) env[`ROLLCALL_${name}`] = value;
  // What a node remembers of its Redis is not for the next test.
  if ('REDIS_URL' in settings) env['ROLLCALL_DATA_DIR'] ??= await temporaryDirectory();
  const child = spawn(process.execPath, [options.main ?? MAIN, ...argv], {
    env,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  children.add(child);
  let log = '';
  child.stderr.on('data', (chunk: Buffer) => {
    log = (log + chunk.toString()).slice(-200_000);
  });
  const readyLine = await firstLine(child, () => log);
  const ports = /http=\S*:(\d+) dns=\S*:(\d+)/.exec(readyLine);
  const httpPort = Number(ports?.[1]);
  return {
    pid: child.pid ?? 0,
    httpPort,
    dnsPort: Number(ports?.[2]),
    url: `http://127.0.0.1:${String(httpPort)}`,
    readyLine,
    log: () => log,
    stop: () => end(child, 'SIGTERM'),
    kill: async () => {
      await end(child, 'SIGKILL');
    },
    signal: (signal) => child.kill(signal),
    exited: async () => child.exitCode ?? ((await once(child, 'exit')) as [number | null])[0],
  };
}

/** A directory that is removed by `cleanUp`. */
export async function temporaryDirectory(): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'rollcall-e2e-'));
  directories.push(directory);
  return directory;
}

const directories: string[] = [];

/** Ends whatever a failed test left running, and removes its directories. */
export async function cleanUp(): Promise<void> {
  for (const child of [...children]) await end(child, 'SIGKILL');
  for (const directory of directories.splice(0)) await rm(directory, { recursive: true, force: true });
}

async function firstLine(child: ChildProcess, log: () => string): Promise<string> {
  if (child.stdout === null) throw new Error('no stdout');
  const lines = createInterface({ input: child.stdout });
  const timer = setTimeout(() => child.kill('SIGKILL'), READY_WITHIN_MS);
  const exited = once(child, 'exit').then(([code]) => {
    throw new Error(`rollcall ended with ${String(code)} before it was ready:\n${log()}`);
  });
  try {
    const [line] = (await Promise.race([once(lines, 'line'), exited])) as [string];
    return line;
  } finally {
    clearTimeout(timer);
    exited.catch(() => undefined);
  }
}

async function end(child: ChildProcess, signal: NodeJS.Signals): Promise<number | null> {
  children.delete(child);
  if (child.exitCode !== null || child.signalCode !== null) return child.exitCode;
  const exit = once(child, 'exit');
  child.kill(signal);
  const timer = setTimeout(() => child.kill('SIGKILL'), STOP_WITHIN_MS);
  const [code] = (await exit) as [number | null];
  clearTimeout(timer);
  return code;
}
