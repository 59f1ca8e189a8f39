import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { eventually } from './eventually.ts';

const LOG_CHARS = 200_000;
const STOP_WITHIN_MS = 20_000;

/** A program that a test talks with over its standard input and output. */
export interface Dialogue {
  /** Every line of its standard output so far. */
  readonly lines: readonly string[];
  /** The end of what it wrote to its standard error. */
  log(): string;
  write(line: string): void;
  /** Ends its input. */
  end(): void;
  /** The exit code, once it has ended by itself; fails with its log where it does not. */
  exited(): Promise<number>;
  /** Ends it if it still runs. */
  kill(): Promise<void>;
}

const running = new Set<Dialogue>();

/** Starts a program that lives until it ends, `killPrograms` or the end of the tests. */
export function startDialogue(
  file: string,
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Dialogue {
  const child = spawn(file, args, { env: { PATH: process.env['PATH'], HOME: process.env['HOME'], ...env } });
  const lines: string[] = [];
  let log = '';
  createInterface({ input: child.stdout }).on('line', (line) => lines.push(line));
  child.stderr.on('data', (chunk: Buffer) => (log = (log + chunk.toString()).slice(-LOG_CHARS)));
  child.stdin.on('error', () => undefined);
  const exit = once(child, 'exit');
  const killNow = () => child.kill('SIGKILL');
  process.once('exit', killNow);
  const forget = () => {
    process.removeListener('exit', killNow);
    running.delete(dialogue);
  };
  const dialogue: Dialogue = {
    lines,
    log: () => log,
    write: (line) => child.stdin.write(`${line}\n`),
    end: () => child.stdin.end(),
    exited: async () => {
      const ended = () => child.exitCode !== null || child.signalCode !== null;
      await eventually(ended, `${file} has ended by itself`, STOP_WITHIN_MS);
      forget();
      return child.exitCode ?? -1;
    },
    kill: async () => {
      forget();
      if (child.exitCode !== null || child.signalCode !== null) return;
      killNow();
      await exit;
    },
  };
  running.add(dialogue);
  return dialogue;
}

/** Ends what a test left running; prints what each said where the test failed. */
export async function killPrograms(failed: boolean): Promise<void> {
  for (const program of [...running]) {
    if (failed)
      process.stderr.write(`${program.lines.slice(-20).join('\n')}\n${program.log().slice(-20_000)}\n`);
    await program.kill();
  }
}
