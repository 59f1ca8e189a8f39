import { readFileSync, writeFileSync } from 'node:fs';
import { format } from 'prettier';
import { costPlot } from './plot.ts';
import { here } from './programs.ts';
import { PUBLISHED, readResults, type PartResult, type Results } from './results.ts';
import { mainTable, measuredOn, provenance, tables } from './tables.ts';

/** What stands in a document between `<!-- bench:NAME -->` and `<!-- /bench:NAME -->`, by document and name. */
const SECTIONS: Readonly<Record<string, Readonly<Record<string, (results: Results) => string>>>> = {
  'README.md': { main: (results) => `${mainTable(results)}\n\n${provenance(results)}` },
  'docs/performance.md': {
    main: (results) => mainTable(results),
    parts: (results) =>
      Object.entries(results)
        .map(([part, result]) => `### ${part}\n\n${described(result)}\n\n${shown(result)}`)
        .join('\n\n'),
  },
};
const PLOT = 'docs/images/lookup-cost.svg';

/** The documents as the published results have them, by path from the root of the project. */
export async function renderedDocuments(): Promise<ReadonlyMap<string, string>> {
  const results = readResults(PUBLISHED);
  const documents = new Map<string, string>();
  for (const [path, sections] of Object.entries(SECTIONS)) {
    let text = readFileSync(here(`../${path}`), 'utf8');
    for (const [name, render] of Object.entries(sections)) text = replaced(text, name, render(results));
    documents.set(path, await format(text, { parser: 'markdown', printWidth: 110 }));
  }
  const plot = costPlot(Object.values(results).flatMap(({ rows }) => rows));
  if (plot !== undefined) documents.set(PLOT, plot);
  return documents;
}

/** Writes the published results into the documents that show them. */
export async function writeDocuments(): Promise<void> {
  for (const [path, text] of await renderedDocuments()) writeFileSync(here(`../${path}`), text);
}

function shown({ rows }: PartResult): string {
  return costPlot(rows) === undefined
    ? tables(rows)
    : `![CPU time of a lookup](images/lookup-cost.svg)\n\n${tables(rows)}`;
}

function described(result: PartResult): string {
  return `${measuredOn(result)} Load average when it began: ${result.loadAverage}.`;
}

/** Puts a text between the markers of a section. Throws where there are none. */
export function replaced(document: string, name: string, text: string): string {
  const [begin, end] = [`<!-- bench:${name} -->`, `<!-- /bench:${name} -->`];
  const [from, to] = [document.indexOf(begin), document.indexOf(end)];
  if (from < 0 || to < from) throw new Error(`there is no section ${begin} ... ${end}`);
  return `${document.slice(0, from + begin.length)}\n\n${text}\n\n${document.slice(to)}`;
}
