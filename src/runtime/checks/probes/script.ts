import { spawn, type ChildProcess } from 'node:child_process';
import type { CheckStatus, ScriptProbe } from '../../../core/index.ts';
import type { ProbeResult } from './probe.ts';

const MAX_OUTPUT_BYTES = 4096;

/**
 * Runs a program without a shell: exit status 0 passes, 1 warns, all else is critical.
 *
 * The output is the last 4096 bytes, or as many as the check allows, of what it wrote to stdout and stderr. When the time
 * is up the program is killed with all that it started.
 */
export function probeScript(source: ScriptProbe, signal: AbortSignal): Promise<ProbeResult> {
  const [program = '', ...args] = source.args;
  const tail = new Tail(Math.min(source.outputMaxBytes ?? MAX_OUTPUT_BYTES, MAX_OUTPUT_BYTES));
  return new Promise((resolve) => {
    const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'pipe'], detached: true });
    const kill = () => killGroup(child);
    const settle = (status: CheckStatus, output: string) => {
      signal.removeEventListener('abort', kill);
      resolve({ status, output });
    };
    child.stdout.on('data', (chunk: Buffer) => tail.add(chunk));
    child.stderr.on('data', (chunk: Buffer) => tail.add(chunk));
    child.once('error', (error) => {
      settle('critical', failureText(program, error));
    });
    child.once('close', (code) => {
      if (signal.aborted) settle('critical', `Timed out (${shownSeconds(source.timeoutMs)}) running check`);
      else settle(code === 0 ? 'passing' : code === 1 ? 'warning' : 'critical', tail.text());
    });
    signal.addEventListener('abort', kill);
    if (signal.aborted) kill();
  });
}

function killGroup(child: ChildProcess): void {
  // Whoever holds the pipes open otherwise keeps the check from ending.
  child.stdout?.destroy();
  child.stderr?.destroy();
  if (child.pid === undefined) return;
  try {
    process.kill(-child.pid, 'SIGKILL');
  } catch {
    // It is gone already.
  }
}

/** As Go words it. */
function failureText(program: string, error: Error): string {
  const code = 'code' in error ? error.code : '';
  if (code === 'ENOENT' && !program.includes('/'))
    return `exec: ${JSON.stringify(program)}: executable file not found in $PATH`;
  const reason = code === 'ENOENT' ? 'no such file or directory' : 'permission denied';
  return code === 'ENOENT' || code === 'EACCES' ? `fork/exec ${program}: ${reason}` : error.message;
}

function shownSeconds(ms: number): string {
  return `${String(ms / 1000)}s`;
}

/** The last bytes of an output. */
class Tail {
  readonly #keepBytes: number;
  #kept: Buffer = Buffer.alloc(0);
  #writtenBytes = 0;

  constructor(keepBytes: number) {
    this.#keepBytes = keepBytes;
  }

  add(chunk: Buffer): void {
    this.#writtenBytes += chunk.length;
    this.#kept = Buffer.concat([this.#kept, chunk]).subarray(-this.#keepBytes);
  }

  text(): string {
    const text = this.#kept.toString('utf8');
    if (this.#writtenBytes <= this.#keepBytes) return text;
    return `Captured ${String(this.#keepBytes)} of ${String(this.#writtenBytes)} bytes\n...\n${text}`;
  }
}
