import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { cpus, loadavg, release, totalmem, type } from 'node:os';
import { dirname } from 'node:path';
import { format } from 'prettier';
import type { Row } from './measure.ts';
import { here } from './programs.ts';

/** What one part of the bench found, and all that one needs to judge it. */
export interface PartResult {
  readonly commit: string;
  /** Whether there were changes that no commit had. */
  readonly changed: boolean;
  readonly date: string;
  /** Of the minute before it started: what else the machine had to do. */
  readonly loadAverage: number;
  readonly machine: {
    readonly cpu: string;
    readonly cores: number;
    readonly memoryGiB: number;
    readonly system: string;
  };
  readonly versions: Readonly<Record<string, string>>;
  readonly settings: Readonly<Record<string, string | number | boolean>>;
  readonly rows: readonly Row[];
}

/** Every part there is, in the order of the documents. */
const PART_NAMES = [
  ...['lookups', 'lookups-peers', 'lookups-two-nodes', 'lookups-large'],
  ...['writes', 'writes-redis', 'writes-peers', 'visibility'],
  ...['dns', 'dns-peers', 'ring', 'memory'],
  ...['waiters', 'subscribers', 'growth', 'joining', 'million'],
];

/** Results by the name of the part. */
export type Results = Readonly<Record<string, PartResult>>;

/** The last result of every part on this machine. */
export const LATEST = here('results/latest.json');
/** The results that the documents show. */
export const PUBLISHED = here('../docs/performance.json');

/** The programs a result depends on, and how each tells its version. */
const PROGRAMS: Readonly<Record<string, readonly string[]>> = {
  'redis-server': ['--version'],
  wrk: ['--version'],
  dnsperf: ['-h'],
};

/** What is true of a part that starts now. */
export function circumstances(): Omit<PartResult, 'settings' | 'rows'> {
  const [cpu] = cpus();
  const programs = Object.entries(PROGRAMS).map(([name, args]) => [name, versionOf(name, args)]);
  return {
    commit: output('git', ['rev-parse', 'HEAD']),
    changed: output('git', ['status', '--porcelain', '--', 'src']) !== '',
    date: new Date().toISOString(),
    loadAverage: Math.round((loadavg()[0] ?? 0) * 10) / 10,
    machine: {
      cpu: cpu?.model ?? '',
      cores: cpus().length,
      memoryGiB: Math.round(totalmem() / 2 ** 30),
      system: `${type()} ${release()}`,
    },
    versions: { node: process.versions.node, ...(Object.fromEntries(programs) as Record<string, string>) },
  };
}

export function readResults(path: string): Results {
  return existsSync(path) ? (JSON.parse(readFileSync(path, 'utf8')) as Results) : {};
}

/** Puts results in the place of those that a file had of the same parts; the others stay. */
export async function mergeResults(path: string, results: Results): Promise<void> {
  mkdirSync(dirname(path), { recursive: true });
  const merged = Object.entries({ ...readResults(path), ...results });
  merged.sort(([a], [b]) => PART_NAMES.indexOf(a) - PART_NAMES.indexOf(b));
  const text = JSON.stringify(Object.fromEntries(merged), rounded);
  writeFileSync(path, await format(text, { parser: 'json', printWidth: 110 }));
}

/** More digits than these say nothing. */
function rounded(_key: string, value: unknown): unknown {
  return typeof value === 'number' && !Number.isInteger(value) ? Number(value.toPrecision(5)) : value;
}

function versionOf(program: string, args: readonly string[]): string {
  return /\d+(?:\.\d+)+/.exec(output(program, args))?.[0] ?? 'none';
}

/** What a program prints, or nothing where there is no such program. */
function output(program: string, args: readonly string[]): string {
  const { error, stdout, stderr } = spawnSync(program, args, { encoding: 'utf8' });
  return error === undefined ? `${stdout}${stderr}`.trim() : '';
}
