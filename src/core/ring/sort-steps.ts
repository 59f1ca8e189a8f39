import type { Steps } from './steps.ts';

/** Entries that are sorted in one go. */
const RUN = 512;
const MERGED_PER_STEP = 4096;

/** A sorted copy of a list; equal entries keep their order. */
export function* sortSteps<T>(list: readonly T[], compare: (a: T, b: T) => number): Steps<T[]> {
  let runs: T[][] = [];
  for (let start = 0; start < list.length; start += RUN) {
    runs.push(list.slice(start, start + RUN).sort(compare));
    yield;
  }
  while (runs.length > 1) {
    const merged: T[][] = [];
    for (let i = 0; i < runs.length; i += 2) {
      merged.push(yield* mergeSteps(runs[i] ?? [], runs[i + 1] ?? [], compare));
    }
    runs = merged;
  }
  return runs[0] ?? [];
}

function* mergeSteps<T>(one: readonly T[], other: readonly T[], compare: (a: T, b: T) => number): Steps<T[]> {
  const merged: T[] = [];
  let next = 0;
  for (const entry of one) {
    for (let rival = other[next]; rival !== undefined && compare(rival, entry) < 0; rival = other[next]) {
      merged.push(rival);
      next++;
    }
    if (merged.push(entry) % MERGED_PER_STEP === 0) yield;
  }
  return merged.concat(other.slice(next));
}
