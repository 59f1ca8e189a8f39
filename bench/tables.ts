import { BARS, judge } from './bars.ts';
import type { Row } from './measure.ts';
import type { PartResult, Results } from './results.ts';

const COLUMNS = [
  'Rollcall',
  'reference',
  'ratio',
  'CPU µs',
  'of reference',
  'CPU ratio',
  'p99 ms',
  'of reference',
  'bar',
  'met',
];

/** One table in Markdown per group and reference, without columns that it has nothing to put in. */
export function tables(rows: readonly Row[]): string {
  const titles = [...new Set(rows.map(titleOf))];
  return titles
    .map((title) => {
      const cells = rows.filter((row) => titleOf(row) === title).map(cellsOf);
      return markdown(withoutEmptyColumns([[title, ...COLUMNS], ...cells]));
    })
    .join('\n\n');
}

/** Every row that has a bar, in the order of the bars, of all parts. */
export function mainTable(results: Results): string {
  const rows = Object.values(results).flatMap((result) => result.rows);
  const lines = Object.keys(BARS).flatMap((bar) => rows.filter((row) => row.bar === bar).map(mainCells));
  const head = ['work', 'against', 'Rollcall', 'reference', 'ratio', 'CPU ratio', 'p99 ratio', 'bar', 'met'];
  return markdown([head, ...lines], 2);
}

function mainCells(row: Row): string[] {
  const [name = '', ours = '', reference = '', ratio = '', , , cpuRatio = '', , , bars = '', met = ''] =
    cellsOf(row);
  const figures = [ours, reference, ratio, cpuRatio, row.p99Ratio?.toFixed(2) ?? ''];
  return [`${row.group}: ${name}`, row.referenceName ?? '', ...figures, bars, met];
}

/** One line per set of circumstances in which parts were measured, with how busy the machine was at most. */
export function provenance(results: Results): string {
  const all = Object.entries(results).map(([part, result]) => ({ part, result, on: measuredOn(result) }));
  const distinct = [...new Set(all.map(({ on }) => on))];
  return distinct
    .map((on) => {
      const same = all.filter((each) => each.on === on);
      const busiest = Math.max(...same.map(({ result }) => result.loadAverage));
      return `- ${same.map(({ part }) => part).join(', ')}: ${on} Load average at most ${busiest} before a part began.`;
    })
    .join('\n');
}

/** On what machine, when, and of which commit a part is. */
export function measuredOn({ commit, changed, date, machine, versions, settings }: PartResult): string {
  const programs = Object.entries(versions).filter(([, version]) => version !== 'none');
  const system = `${machine.cpu}, ${machine.cores} cores, ${machine.memoryGiB} GiB, ${machine.system}`;
  const how = Object.entries(settings).map(([name, value]) => `${name} ${value}`);
  return `${date.slice(0, 10)}, commit ${commit.slice(0, 7)}${changed ? ' and changes' : ''}; ${system}; ${programs
    .map(([name, version]) => `${name} ${version}`)
    .join(', ')}; ${how.join(', ')}.`;
}

function titleOf({ group, referenceName }: Row): string {
  return referenceName === undefined ? group : `${group}, against ${referenceName}`;
}

function cellsOf(row: Row): string[] {
  const { value, referenceValue, unit, ratio } = row;
  const numbers = [row.cpuMicros, row.referenceCpuMicros, row.cpuRatio, row.p99Ms, row.referenceP99Ms];
  const verdicts = judge(row);
  return [
    row.name,
    amount(value, unit),
    referenceValue === undefined ? '' : amount(referenceValue, unit),
    ratio === undefined ? '' : short(ratio),
    ...numbers.map((number) => (number === undefined ? '' : number.toFixed(2))),
    verdicts.map(({ bar }) => bar).join('; '),
    verdicts.map(({ met }) => met).join('; '),
  ];
}

function amount(value: number, unit: string): string {
  return `${count(value)} ${unit}`.trim();
}

function short(ratio: number): string {
  return ratio >= 100 ? ratio.toFixed(0) : ratio.toFixed(2);
}

function count(value: number): string {
  return value >= 100 || Number.isInteger(value)
    ? Math.round(value).toLocaleString('en')
    : value.toPrecision(3);
}

function withoutEmptyColumns(lines: readonly (readonly string[])[]): string[][] {
  const used = lines[0]?.map((_, column) => lines.slice(1).some((line) => line[column] !== '')) ?? [];
  return lines.map((line) => line.filter((_, column) => used[column]));
}

/** A table; its first columns are texts, the others numbers. */
function markdown([head = [], ...lines]: readonly (readonly string[])[], textColumns = 1): string {
  const widths = head.map((_, column) =>
    Math.max(...[head, ...lines].map((line) => line[column]?.length ?? 0), 3),
  );
  const format = (cells: readonly string[]) =>
    `| ${cells.map((cell, i) => (i < textColumns ? cell.padEnd(widths[i] ?? 0) : cell.padStart(widths[i] ?? 0))).join(' | ')} |`;
  const rule = `| ${widths.map((width, i) => (i < textColumns ? '-'.repeat(width) : `${'-'.repeat(width - 1)}:`)).join(' | ')} |`;
  return [format(head), rule, ...lines.map(format)].join('\n');
}
