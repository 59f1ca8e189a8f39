import type { Commit, Revision } from '../../core/index.ts';
import { StoreError } from '../store.ts';

export interface HistoryLimits {
  readonly commits: number;
  readonly bytes: number;
}

const BATCH_COMMITS = 1000;
const QUIET_MS = 1000;
const COMMIT_OVERHEAD_BYTES = 200;

/** The last commits, in memory and bounded, and those who follow them. */
export class History {
  readonly #limits: HistoryLimits;
  readonly #wakers = new Set<() => void>();
  /** `#commits[#head]` holds revision `#floor + 1`; the slots before it are forgotten. */
  #commits: (Commit | undefined)[] = [];
  #head = 0;
  #lengthBytes = 0;
  #floor: Revision = 0;
  #closed = false;

  constructor(limits: HistoryLimits) {
    this.#limits = limits;
  }

  /** Begins anew after `revision`: at the start, and where an epoch begins. */
  restart(revision: Revision): void {
    this.#commits = [];
    this.#head = 0;
    this.#lengthBytes = 0;
    this.#floor = revision;
    this.#wake();
  }

  /** Adds the commits that follow the last one. */
  append(commits: readonly Commit[]): void {
    for (const commit of commits) {
      this.#commits.push(commit);
      this.#lengthBytes += lengthOf(commit);
    }
    while (this.#size > this.#limits.commits || (this.#lengthBytes > this.#limits.bytes && this.#size > 1))
      this.#shift();
    this.#wake();
  }

  /** Forgets commits up to a revision. */
  forget(upTo: Revision): void {
    while (this.#floor < upTo && this.#size > 0) this.#shift();
    this.#wake();
  }

  /** Ends all followers with `closed`. */
  close(): void {
    this.#closed = true;
    this.#wake();
  }

  /** As `Store.follow`. */
  async *follow(after: Revision, signal: AbortSignal): AsyncGenerator<readonly Commit[], void> {
    let position = after;
    while (!signal.aborted) {
      const batch = this.#after(position);
      const last = batch.at(-1);
      if (last !== undefined) {
        position = last.revision;
        yield batch;
      } else if (!(await this.#news(signal))) {
        yield [];
      }
    }
  }

  get #size(): number {
    return this.#commits.length - this.#head;
  }

  #after(position: Revision): readonly Commit[] {
    if (this.#closed) throw new StoreError('closed', 'the store was closed');
    if (position < this.#floor || position > this.#floor + this.#size) {
      throw new StoreError(
        'gap',
        `the history after revision ${position} is not kept; it begins after ${this.#floor}`,
      );
    }
    const from = this.#head + position - this.#floor;
    return this.#commits.slice(from, from + BATCH_COMMITS).filter((commit) => commit !== undefined);
  }

  /** Resolves with false after a quiet second, with true as soon as there is something to look at. */
  #news(signal: AbortSignal): Promise<boolean> {
    return new Promise((resolve) => {
      const settle = (woken: boolean): void => {
        clearTimeout(timer);
        this.#wakers.delete(wake);
        signal.removeEventListener('abort', wake);
        resolve(woken);
      };
      const wake = (): void => {
        settle(true);
      };
      const timer = setTimeout(settle, QUIET_MS, false);
      this.#wakers.add(wake);
      signal.addEventListener('abort', wake);
    });
  }

  #shift(): void {
    const commit = this.#commits[this.#head];
    if (commit !== undefined) this.#lengthBytes -= lengthOf(commit);
    this.#commits[this.#head] = undefined;
    this.#head += 1;
    this.#floor += 1;
    // Moving the rest down only when half is empty keeps this O(1) per commit.
    if (this.#head > this.#commits.length / 2) {
      this.#commits = this.#commits.slice(this.#head);
      this.#head = 0;
    }
  }

  #wake(): void {
    for (const wake of [...this.#wakers]) wake();
  }
}

function lengthOf(commit: Commit): number {
  let bytes = COMMIT_OVERHEAD_BYTES;
  for (const put of commit.puts) bytes += put.key.length + put.value.length + COMMIT_OVERHEAD_BYTES;
  for (const removed of commit.deletes) bytes += removed.key.length;
  for (const topic of commit.touches) bytes += topic.length;
  return bytes;
}
