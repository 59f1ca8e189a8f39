import { readdirSync, readFileSync } from 'node:fs';
import { join, sep } from 'node:path';

const ROOTS = ['src', 'test', 'scripts', 'bench', 'docs', 'openapi', '.ci', 'examples', 'deploy'];
const SKIPPED = /(^|\/)(node_modules|dist|coverage)(\/|$)/;

/** The files people write, by path from the project's root with `/` between the parts. */
export function projectFiles(pattern = /./): string[] {
  const root = readdirSync('.', { withFileTypes: true }).filter((entry) => entry.isFile());
  const below = ROOTS.flatMap((folder) => walk(folder));
  return [...root.map((entry) => entry.name), ...below].filter((path) => pattern.test(path)).sort();
}

export function read(path: string): string {
  return readFileSync(path, 'utf8');
}

/** Rows of the Markdown tables in a file, as trimmed cells, without the head. */
export function tableRows(path: string): string[][] {
  const lines = read(path)
    .split('\n')
    .filter((line) => line.startsWith('|'));
  const rows = lines.map((line) =>
    line
      .split(/(?<!\\)\|/)
      .slice(1, -1)
      .map((cell) => cell.trim()),
  );
  const isRule = (cells: string[] | undefined) => cells?.every((cell) => /^:?-+:?$/.test(cell)) ?? false;
  return rows.filter((cells, index) => !isRule(cells) && !isRule(rows[index + 1]));
}

function walk(folder: string): string[] {
  const entries = readdirSync('.').includes(folder)
    ? readdirSync(folder, { recursive: true, withFileTypes: true })
    : [];
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).split(sep).join('/'))
    .filter((path) => !SKIPPED.test(path));
}
