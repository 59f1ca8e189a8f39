import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const SOURCE = fileURLToPath(new URL('../clock-shim.c', import.meta.url));

/** Why clocks cannot be shifted here; undefined where they can. */
export function clockShimMissing(): string | undefined {
  if (process.platform !== 'linux') return 'the clock shim needs Linux';
  return spawnSync('gcc', ['--version']).status === 0 ? undefined : 'the clock shim needs gcc';
}

/** A wall clock that a test sets, for processes started with its environment. */
export class ShiftedClock {
  readonly #directory = mkdtempSync(join(tmpdir(), 'rollcall-clock-'));
  readonly #file = join(this.#directory, 'shift');
  readonly env: Readonly<Record<string, string>>;

  constructor() {
    const library = join(this.#directory, 'clock-shim.so');
    const built = spawnSync('gcc', ['-shared', '-fPIC', '-O2', '-o', library, SOURCE], { encoding: 'utf8' });
    if (built.status !== 0) throw new Error(`the clock shim cannot be built: ${built.stderr}`);
    this.shift(0);
    this.env = { LD_PRELOAD: library, CLOCK_SHIM: this.#file };
  }

  /** How far the wall clock is ahead from now on, in ms. */
  shift(ms: number): void {
    writeFileSync(this.#file, `${String(ms).padEnd(20)}\n`);
  }

  discard(): void {
    rmSync(this.#directory, { recursive: true, force: true });
  }
}
