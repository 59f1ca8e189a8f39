/** What one answer of a blocking read showed its watcher; in the order the watcher got them. */
export interface WatchAnswer {
  readonly watcher: string;
  readonly key: string;
  readonly atMs: number;
  /** The index of the answer, which the watcher asks with next. */
  readonly index: number;
  /** Revision of the value; 0 where the key was absent. */
  readonly revision: number;
  readonly value: string | undefined;
}

/** A write as its client knows it. */
interface Write {
  readonly key: string;
  readonly value: string | undefined;
  readonly revision: number;
}

/**
 * Finds broken promises of blocking reads; empty when all were kept.
 *
 * Ordered: neither the index nor the revision of what a watcher sees goes back, also when it goes on at another
 * node. Unique and atomic: one revision of a key is one value, to whoever sees it and to its writer. Reliable: each
 * watcher has seen the last value of its key by the end. Bookmarked: an index covers what it was answered with.
 */
export function checkWatches(answers: readonly WatchAnswer[], writes: readonly Write[]): string[] {
  const violations: string[] = [];
  const values = new Map<string, string | undefined>();
  for (const { key, value, revision } of writes) values.set(`${key} ${String(revision)}`, value);
  const last = new Map<string, WatchAnswer>();
  for (const answer of answers) {
    const name = `${answer.key} ${String(answer.revision)}`;
    if (answer.revision > 0 && values.has(name) && values.get(name) !== answer.value)
      violations.push(`${shown(answer)}: the same revision was another value elsewhere`);
    values.set(name, answer.value);
    if (answer.index < answer.revision) violations.push(`${shown(answer)}: newer than its index`);
    const before = last.get(answer.watcher);
    if (before !== undefined && answer.revision < before.revision)
      violations.push(`${shown(answer)}: the value went back from ${String(before.revision)}`);
    last.set(answer.watcher, answer);
  }
  return [...violations, ...checkWatchIndexes(answers), ...checkLast(last, writes)];
}

/** What holds even where acknowledged writes were lost: indexes are at least 1 and never go back. */
export function checkWatchIndexes(answers: readonly WatchAnswer[]): string[] {
  const violations: string[] = [];
  const last = new Map<string, number>();
  for (const answer of answers) {
    if (answer.index < 1) violations.push(`${shown(answer)}: the index is below 1`);
    const before = last.get(answer.watcher) ?? 0;
    if (answer.index < before)
      violations.push(`${shown(answer)}: the index went back from ${String(before)}`);
    last.set(answer.watcher, answer.index);
  }
  return violations;
}

function* checkLast(last: ReadonlyMap<string, WatchAnswer>, writes: readonly Write[]): Generator<string> {
  const newest = new Map<string, number>();
  for (const { key, revision } of writes) newest.set(key, Math.max(revision, newest.get(key) ?? 0));
  for (const answer of last.values())
    if (answer.revision < (newest.get(answer.key) ?? 0))
      yield `${shown(answer)}: never saw the last write, at ${String(newest.get(answer.key))}`;
}

function shown({ watcher, key, index, revision }: WatchAnswer): string {
  return `${watcher} on ${key} at index ${String(index)}, revision ${String(revision)}`;
}
