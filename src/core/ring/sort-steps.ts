import { Pace, type Steps } from './steps.ts';

/** Entries that are sorted in one go. */
const RUN = 512;
/** What comparing two entries costs: they are somewhere in memory. */
const COMPARE_UNITS = 4;

type Compare<T> = (a: T, b: T) => number;

/** A sorted copy of a list; equal entries keep their order. */
export function* sortSteps<T>(list: readonly T[], compare: Compare<T>): Steps<T[]> {
  const pace = new Pace();
  let runs: T[][] = [];
  for (let start = 0; start < list.length; start += RUN) {
    runs.push(list.slice(start, start + RUN).sort(compare));
    if (list.length > RUN) yield;
  }
  while (runs.length > 1) {
    const merged: T[][] = [];
    for (let i = 0; i < runs.length; i += 2) {
      merged.push(yield* mergeSteps(runs[i] ?? [], runs[i + 1] ?? [], compare, pace));
    }
    runs = merged;
  }
  return runs[0] ?? [];
}

function* mergeSteps<T>(one: readonly T[], other: readonly T[], compare: Compare<T>, pace: Pace): Steps<T[]> {
  const merged: T[] = [];
  let next = 0;
  for (const entry of one) {
    for (let rival = other[next]; rival !== undefined && compare(rival, entry) < 0; rival = other[next]) {
      merged.push(rival);
      next++;
      if (pace.isDue(COMPARE_UNITS)) yield;
    }
    merged.push(entry);
    if (pace.isDue(COMPARE_UNITS)) yield;
  }
  return merged.concat(other.slice(next));
}
