import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { text } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';
import { cpuMicrosOf } from './cores.ts';
import { within } from './programs.ts';
import { scratchPath } from './scratch.ts';

const START_AND_END_MS = 30_000;
const REST_SAMPLE_MS = 100;
const RESTING_CPU_MICROS = 10_000;
const REST_WITHIN_MS = 20_000;

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

/**
 * Waits until a server has done what the load before left it to do, such as compiling, so that it does not take the
 * core from the one that is measured next; for 20 seconds at most.
 */
export async function untilAtRest({ pid }: Target): Promise<void> {
  const deadline = performance.now() + REST_WITHIN_MS;
  let before = cpuMicrosOf(pid);
  while (before !== undefined && performance.now() < deadline) {
    await sleep(REST_SAMPLE_MS);
    const now = cpuMicrosOf(pid);
    if (now === undefined || now - before < RESTING_CPU_MICROS) return;
    before = now;
  }
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
