import { spawnSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { cpus, release, totalmem, type } from 'node:os';
import { here } from './programs.ts';
import type { Row } from './measure.ts';

export interface Settings {
  readonly rounds: number;
  readonly seconds: number;
  /** Whether the server under test had a core to itself, as far as the bench goes. */
  readonly pinned: boolean;
}

/** The programs a result depends on, and how each tells its version. */
const PROGRAMS: Readonly<Record<string, readonly string[]>> = {
  'redis-server': ['--version'],
  wrk: ['--version'],
  dnsperf: ['-h'],
};

const COLUMNS = [
  'Rollcall',
  'reference',
  'ratio',
  'CPU µs',
  'of reference',
  'CPU ratio',
  'p99 ms',
  'of reference',
];

/** Prints one table in Markdown per group and reference, without columns that it has nothing to put in. */
export function printTables(rows: readonly Row[]): void {
  const titleOf = (row: Row) => `${row.group}, against ${row.referenceName}`;
  for (const title of new Set(rows.map(titleOf))) {
    const head = [title, ...COLUMNS];
    const cells = rows.filter((row) => titleOf(row) === title).map(cellsOf);
    const used = head.map((_, column) => cells.some((line) => line[column] !== ''));
    const shown = [head, ...cells].map((line) => line.filter((_, column) => used[column]));
    console.log(`\n${markdown(shown)}`);
  }
}

/** Writes the rows and all that one needs to judge them to `bench/results/latest.json`, and returns its path. */
export function writeResults(rows: readonly Row[], settings: Settings): string {
  const path = here('results/latest.json');
  mkdirSync(here('results'), { recursive: true });
  const [cpu] = cpus();
  const results = {
    commit: output('git', ['rev-parse', 'HEAD']),
    changed: output('git', ['status', '--porcelain']) !== '',
    date: new Date().toISOString(),
    machine: {
      cpu: cpu?.model,
      cores: cpus().length,
      memoryGiB: Math.round(totalmem() / 2 ** 30),
      system: `${type()} ${release()}`,
    },
    versions: {
      node: process.version,
      ...Object.fromEntries(
        Object.entries(PROGRAMS).map(([program, args]) => [program, versionOf(program, args)]),
      ),
    },
    settings,
    rows,
  };
  writeFileSync(path, `${JSON.stringify(results, null, 2)}\n`);
  return path;
}

function cellsOf(row: Row): string[] {
  const { value, referenceValue, unit, ratio } = row;
  const numbers = [row.cpuMicros, row.referenceCpuMicros, row.cpuRatio, row.p99Ms, row.referenceP99Ms];
  const rest = numbers.map((number) => (number === undefined ? '' : number.toFixed(2)));
  return [row.name, `${count(value)} ${unit}`, `${count(referenceValue)} ${unit}`, ratio.toFixed(2), ...rest];
}

function count(value: number): string {
  return value >= 100 ? Math.round(value).toLocaleString('en') : value.toPrecision(3);
}

function markdown([head = [], ...lines]: readonly (readonly string[])[]): string {
  const widths = head.map((_, column) =>
    Math.max(...[head, ...lines].map((line) => line[column]?.length ?? 0)),
  );
  const format = (cells: readonly string[]) =>
    `| ${cells.map((cell, i) => (i === 0 ? cell.padEnd(widths[i] ?? 0) : cell.padStart(widths[i] ?? 0))).join(' | ')} |`;
  const rule = `| ${widths.map((width, i) => (i === 0 ? '-'.repeat(width) : `${'-'.repeat(width - 1)}:`)).join(' | ')} |`;
  return [format(head), rule, ...lines.map(format)].join('\n');
}

function versionOf(program: string, args: readonly string[]): string {
  return /\d+(?:\.\d+)+/.exec(output(program, args))?.[0] ?? 'none';
}

/** What a program prints, or nothing where there is no such program. */
function output(program: string, args: readonly string[]): string {
  const { error, stdout, stderr } = spawnSync(program, args, { encoding: 'utf8' });
  return error === undefined ? `${stdout}${stderr}`.trim() : '';
}
