import { topics, type StateCommit } from '../core/index.ts';

type Wake = () => void;

/**
 * Who waits for which topic; woken once, in slices, so that thousands of waiters never stall the loop.
 */
export class Watchers {
  readonly #waiting = new Map<string, Set<Wake>>();
  #prefixes = 0;
  #size = 0;

  /** Number of registered waits, each counted once however many topics it is for. */
  get size(): number {
    return this.#size;
  }

  /** Calls `wake` at the next change of any of the topics; returns how to stop waiting. */
  watch(watched: readonly string[], wake: Wake): () => void {
    this.#size++;
    let isWaiting = true;
    for (const topic of watched) {
      const held = this.#waiting.get(topic) ?? new Set<Wake>();
      held.add(wake);
      this.#waiting.set(topic, held);
      if (topic.startsWith(PREFIX)) this.#prefixes++;
    }
    return () => {
      if (!isWaiting) return;
      isWaiting = false;
      this.#size--;
      for (const topic of watched) this.#unwatch(topic, wake);
    };
  }

  /** Wakes everybody a batch of commits concerns. */
  notify(commits: readonly StateCommit[]): void {
    const touched = new Set<string>();
    for (const commit of commits) {
      for (const topic of commit.touches) touched.add(topic);
      for (const { table, key } of commit.changes) {
        if (table === 'kv') this.#addKeyTopics(touched, key);
        else if (table === 'session') touched.add(topics.session(key));
      }
    }
    const woken = new Set<Wake>();
    for (const topic of touched) for (const wake of this.#waiting.get(topic) ?? []) woken.add(wake);
    wakeInSlices([...woken]);
  }

  /** Wakes everybody: the history has a break and nobody can tell what changed. */
  notifyAll(): void {
    wakeInSlices([...new Set([...this.#waiting.values()].flatMap((waiting) => [...waiting]))]);
  }

  #addKeyTopics(touched: Set<string>, key: string): void {
    touched.add(topics.kvKey(key));
    if (this.#prefixes === 0) return;
    for (let length = 0; length <= key.length; length++) touched.add(topics.kvPrefix(key.slice(0, length)));
  }

  #unwatch(topic: string, wake: Wake): void {
    const held = this.#waiting.get(topic);
    if (held?.delete(wake) !== true) return;
    if (topic.startsWith(PREFIX)) this.#prefixes--;
    if (held.size === 0) this.#waiting.delete(topic);
  }
}

const PREFIX = topics.kvPrefix('');
const SLICE = 100;

function wakeInSlices(waiting: readonly Wake[], from = 0): void {
  for (const wake of waiting.slice(from, from + SLICE)) wake();
  if (from + SLICE < waiting.length) setImmediate(() => wakeInSlices(waiting, from + SLICE));
}
