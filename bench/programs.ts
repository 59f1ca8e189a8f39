import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import type { Run } from './run.ts';
import { scratchPath } from './scratch.ts';

const START_WITHIN_MS = 30_000;
const ANSWER_WITHIN_MS = 60_000;
const STOP_WITHIN_MS = 12_000;
const MAX_LOG_CHARS = 20_000;

/** Runs a TypeScript file of this folder. */
export const RUN_TYPESCRIPT = [process.execPath, '--import', 'tsx'] as const;

/** Arguments of Node that load a probe into a program: see probes.ts. */
export const WITH_PROBE = ['--expose-gc', '--import', here('probe.mjs')] as const;

const running = new Set<ChildProcess>();
process.on('exit', killRunning);

/** Ends whatever was started and not stopped, as by a part that has failed. */
export function killRunning(): void {
  for (const child of running) child.kill('SIGKILL');
}

/** Sees to it that a program does not outlive this one. */
export function killAtExit(child: ChildProcess): void {
  running.add(child);
  child.once('exit', () => running.delete(child));
}

/** A server under test, in a process of its own. */
export interface Program {
  readonly pid: number;
  /** First line it wrote to stdout. */
  readonly firstLine: string;
  /** Sends a message and resolves with the next one that comes back. */
  ask(message: object): Promise<unknown>;
  /** Ends it, and fails if it had ended before. */
  stop(): Promise<void>;
}

/** Starts a program and waits for its first line; `env` is all the environment it gets besides PATH and HOME. */
export async function startProgram(
  command: readonly [string, ...string[]],
  env: Readonly<Record<string, string>> = {},
): Promise<Program> {
  const [file, ...args] = command;
  const child = spawn(file, args, {
    env: { PATH: process.env['PATH'], HOME: process.env['HOME'], ...env },
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
  });
  killAtExit(child);
  let log = '';
  child.stderr?.on('data', (chunk: Buffer) => {
    log = (log + chunk.toString()).slice(-MAX_LOG_CHARS);
  });
  const ended = once(child, 'exit').then(() => {
    throw new Error(`${command.join(' ')} ended early:\n${log}`);
  });
  ended.catch(() => undefined);
  const firstLine = await within(START_WITHIN_MS, Promise.race([lineOf(child), ended]));
  return {
    pid: child.pid ?? 0,
    firstLine,
    ask: async (message) => {
      const answer = once(child, 'message');
      child.send(message);
      const [value] = (await within(ANSWER_WITHIN_MS, Promise.race([answer, ended]))) as unknown[];
      return value;
    },
    stop: () => stop(child, () => log),
  };
}

let registries = 0;

/** The built registry on free ports and a data directory of its own. */
export interface Rollcall {
  readonly program: Program;
  readonly httpPort: number;
  readonly dnsPort: number;
  stop(): Promise<void>;
}

/** Settings for a measurement of registrations, of which a node otherwise lets in 5,000 per second. */
export const NO_ADMISSION = { ROLLCALL_REGISTRATION_RATE: '0' } as const;

/**
 * Starts `node dist/main.js serve`, with a probe that reports its memory and its stalls when asked.
 *
 * No Redis URL means the embedded store.
 */
export async function startRollcall(
  { onServerCore }: Pick<Run, 'onServerCore'>,
  redisUrl?: string,
  settings: Readonly<Record<string, string>> = {},
): Promise<Rollcall> {
  const command = onServerCore([process.execPath, ...WITH_PROBE, ...[here('../dist/main.js'), 'serve']]);
  const program = await startProgram(command, {
    ROLLCALL_HTTP_PORT: '0',
    ROLLCALL_DNS_PORT: '0',
    ROLLCALL_DATA_DIR: scratchPath(`data-${++registries}`),
    ROLLCALL_LOG_LEVEL: 'warn',
    ROLLCALL_NODE_NAME: `bench-${registries}`,
    ...(redisUrl === undefined ? {} : { ROLLCALL_REDIS_URL: redisUrl }),
    ...settings,
  });
  const ports = /http=\S*:(\d+) dns=\S*:(\d+)/.exec(program.firstLine);
  return {
    program,
    httpPort: Number(ports?.[1]),
    dnsPort: Number(ports?.[2]),
    stop: () => program.stop(),
  };
}

/** Path of a file, given relative to this folder. */
export function here(file: string): string {
  return fileURLToPath(new URL(file, import.meta.url));
}

/** Rejects when a promise takes longer than `ms`. */
export async function within<T>(ms: number, promise: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`no answer within ${ms} ms`)), ms);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}

async function lineOf(child: ChildProcess): Promise<string> {
  if (child.stdout === null) throw new Error('the program has no stdout');
  const [line] = (await once(createInterface({ input: child.stdout }), 'line')) as [string];
  return line;
}

async function stop(child: ChildProcess, log: () => string): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) throw new Error(`a server has died:\n${log()}`);
  const exit = once(child, 'exit');
  child.kill('SIGTERM');
  const timer = setTimeout(() => child.kill('SIGKILL'), STOP_WITHIN_MS);
  await exit;
  clearTimeout(timer);
}
