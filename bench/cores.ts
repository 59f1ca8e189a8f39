import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';

/** The program and arguments that run `command` on the core reserved for the server under test. */
export type OnServerCore = (command: readonly [string, ...string[]]) => readonly [string, ...string[]];

interface Cores {
  readonly pinned: boolean;
  readonly onServerCore: OnServerCore;
  readonly onAnyCore: OnServerCore;
}

/**
 * Moves this process, and so what it starts, off core 0, and returns how to start a server on core 0, or on any.
 *
 * Does nothing, and says so by `pinned`, where there is no `taskset` or only one core.
 */
export function reserveServerCore(): Cores {
  const cores = availableParallelism();
  const others = cores > 2 ? `1-${cores - 1}` : '1';
  const pinned = cores > 1 && spawnSync('taskset', ['-acp', others, String(process.pid)]).status === 0;
  const on =
    (list: string): OnServerCore =>
    (command) =>
      pinned ? ['taskset', '-c', list, ...command] : command;
  return { pinned, onServerCore: on('0'), onAnyCore: on(`0-${cores - 1}`) };
}

/** CPU time that all threads of a process have used so far, in µs; undefined where the system does not tell. */
export function cpuMicrosOf(pid: number): number | undefined {
  const tasks = `/proc/${pid}/task`;
  try {
    const nanos = readdirSync(tasks).map((task) => Number(readSchedstat(`${tasks}/${task}`).split(' ')[0]));
    return nanos.reduce((sum, each) => sum + each, 0) / 1000;
  } catch {
    return undefined;
  }
}

/** A thread that has just ended counts as nothing. */
function readSchedstat(task: string): string {
  try {
    return readFileSync(`${task}/schedstat`, 'utf8');
  } catch {
    return '0';
  }
}
