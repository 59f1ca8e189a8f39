import { spawn } from 'node:child_process';
import { text } from 'node:stream/consumers';

/** How long one command may take on a busy machine. */
const WITHIN_MS = 30_000;

/** What a command did. */
export interface CommandResult {
  /** Null where a signal ended it. */
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** The real `consul` program as a client of the server at `url`. */
export class ConsulCli {
  readonly #program: string;
  readonly #directory: string;
  readonly #url: string;

  /** Relative paths in commands are those of `directory`. */
  constructor(program: string, directory: string, url: string) {
    this.#program = program;
    this.#directory = directory;
    this.#url = url;
  }

  /** Runs one command to its end; ends it with SIGINT when `signal` aborts. */
  async run(args: readonly string[], stdin = '', signal?: AbortSignal): Promise<CommandResult> {
    const child = spawn(this.#program, args, {
      cwd: this.#directory,
      env: { PATH: process.env['PATH'], HOME: this.#directory, CONSUL_HTTP_ADDR: this.#url },
      timeout: WITHIN_MS,
      killSignal: 'SIGKILL',
    });
    signal?.addEventListener('abort', () => child.kill('SIGINT'), { once: true });
    child.stdin.on('error', () => undefined).end(stdin);
    const exited = new Promise<number | null>((resolve, reject) => {
      child.once('error', reject).once('exit', resolve);
    });
    const [code, stdout, stderr] = await Promise.all([exited, text(child.stdout), text(child.stderr)]);
    return { code, stdout, stderr };
  }
}
