import { readdirSync, readFileSync } from 'node:fs';

/** What a process holds of the machine. */
export interface ProcessHealth {
  readonly residentBytes: number;
  readonly openFiles: number;
  /** What it wrote about promises nobody caught, or errors nobody did. */
  readonly uncaught: readonly string[];
}

export interface HealthBounds {
  readonly maxResidentBytes: number;
  readonly maxOpenFiles: number;
}

const UNCAUGHT = /unhandled|uncaught|MaxListenersExceeded/i;

/** Reads a live process by /proc, which Linux has; `log` is what it wrote to stderr. */
export function readProcessHealth(pid: number, log: string): ProcessHealth {
  const status = readFileSync(`/proc/${String(pid)}/status`, 'utf8');
  return {
    residentBytes: 1024 * Number(/^VmRSS:\s+(\d+) kB/m.exec(status)?.[1]),
    openFiles: readdirSync(`/proc/${String(pid)}/fd`).length,
    uncaught: log.split('\n').filter((line) => UNCAUGHT.test(line)),
  };
}

/** What is beyond its bounds; empty when nothing is. */
export function checkProcessHealth(name: string, health: ProcessHealth, bounds: HealthBounds): string[] {
  const { residentBytes, openFiles, uncaught } = health;
  const mib = Math.round(residentBytes / 2 ** 20);
  return [
    ...(residentBytes <= bounds.maxResidentBytes ? [] : [`${name} holds ${String(mib)} MiB`]),
    ...(openFiles <= bounds.maxOpenFiles ? [] : [`${name} has ${String(openFiles)} files open`]),
    ...uncaught.map((line) => `${name} wrote: ${line}`),
  ];
}
