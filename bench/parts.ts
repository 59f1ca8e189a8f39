import { writeDocuments } from './docs.ts';
import type { Row } from './measure.ts';
import { killRunning } from './programs.ts';
import { circumstances, LATEST, mergeResults, PUBLISHED, type PartResult } from './results.ts';
import { tables } from './tables.ts';

/** The parts of a bench by name; each returns its rows. */
export type Parts = Readonly<Record<string, () => Promise<Row[]>>>;

interface Options {
  /** Names of parts. */
  readonly only: readonly string[];
  readonly settings: PartResult['settings'];
  /** Whether the documents are to show what was measured. */
  readonly writeDocs: boolean;
}

/**
 * Runs parts, prints the table of each and keeps its result as soon as it is there.
 *
 * A part that fails keeps none of the others from running; it makes the process fail in the end.
 */
export async function runParts(parts: Parts, { only, settings, writeDocs }: Options): Promise<void> {
  const unknown = only.filter((name) => !(name in parts));
  if (unknown.length > 0)
    throw new Error(`no part "${unknown.join(', ')}"; there are ${Object.keys(parts).join(', ')}`);
  for (const [name, run] of Object.entries(parts)) {
    if (!only.includes(name)) continue;
    console.error(`${name}...`);
    try {
      const began = circumstances();
      const rows = await run();
      // What it compares with is not on this machine; it has said so.
      if (rows.length === 0) continue;
      const result = { [name]: { ...began, settings, rows } };
      console.log(`\n## ${name} (load average ${began.loadAverage})\n\n${tables(rows)}`);
      await mergeResults(LATEST, result);
      if (writeDocs) await mergeResults(PUBLISHED, result);
    } catch (error) {
      console.error(`${name} failed:`, error);
      process.exitCode = 1;
      killRunning();
    }
  }
  if (writeDocs) await writeDocuments();
  console.log(`\n${LATEST}`);
}

/** A positive number given on the command line. */
export function positive(name: string, text: string): number {
  const value = Number(text);
  if (!(value > 0)) throw new Error(`--${name} takes a number above 0, not ${text}`);
  return value;
}

/** What was started and written is cleaned up on exit, which a signal alone does not bring about. */
export function exitOnSignals(): void {
  for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => process.exit(1));
}
