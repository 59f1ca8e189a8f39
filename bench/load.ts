import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { text } from 'node:stream/consumers';
import { cpuMicrosOf } from './cores.ts';
import { within } from './programs.ts';
import { scratchPath } from './scratch.ts';

const START_AND_END_MS = 30_000;

/** A server that load is put on. */
export interface Target {
  readonly port: number;
  readonly pid: number;
}

export interface Loaded {
  /** What the generator printed. */
  readonly output: string;
  /** CPU time the server used meanwhile; undefined where the system does not tell. */
  readonly cpuMicros: number | undefined;
}

/** Runs a load generator for `seconds` and watches the server it loads. */
export async function load(
  target: Target,
  command: readonly [string, ...string[]],
  seconds: number,
): Promise<Loaded> {
  const before = cpuMicrosOf(target.pid);
  const output = await printed(command, seconds * 1000 + START_AND_END_MS);
  const after = cpuMicrosOf(target.pid);
  return { output, cpuMicros: before === undefined || after === undefined ? undefined : after - before };
}

/** Writes a file that a generator reads, and returns its path. */
export function writeInput(name: string, content: string): string {
  const path = scratchPath(name);
  writeFileSync(path, content);
  return path;
}

/** Whether there is such a program. */
export function onPath(program: string): boolean {
  return spawnSync(program, ['-h']).error === undefined;
}

async function printed([file, ...args]: readonly [string, ...string[]], deadlineMs: number): Promise<string> {
  const child = spawn(file, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  try {
    const ended = once(child, 'exit') as Promise<[number | null]>;
    const [output, [code]] = await within(deadlineMs, Promise.all([text(child.stdout), ended]));
    if (code !== 0) throw new Error(`${file} ended with ${code}:\n${output}`);
    return output;
  } finally {
    child.kill('SIGKILL');
  }
}
