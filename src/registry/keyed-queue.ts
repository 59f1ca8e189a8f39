import { RollcallError } from '../core/index.ts';

const MAX_WAITING = 10_000;

/** Lets one caller at a time through per key, in order of arrival. */
export class KeyedQueue {
  readonly #waiting = new Map<string, (() => void)[]>();
  #size = 0;

  /** Resolves with how to leave again. Throws `aborted` after `timeoutMs` or when too many wait. */
  async enter(key: string, timeoutMs: number): Promise<() => void> {
    const queue = this.#waiting.get(key);
    if (queue === undefined) {
      this.#waiting.set(key, []);
    } else {
      if (this.#size >= MAX_WAITING) throw new RollcallError('aborted');
      await this.#wait(queue, timeoutMs);
    }
    let left = false;
    return () => {
      if (!left) this.#leave(key);
      left = true;
    };
  }

  async #wait(queue: (() => void)[], timeoutMs: number): Promise<void> {
    this.#size++;
    try {
      await new Promise<void>((resolve, reject) => {
        const go = () => {
          clearTimeout(timer);
          resolve();
        };
        const timer = setTimeout(() => {
          queue.splice(queue.indexOf(go), 1);
          reject(new RollcallError('aborted'));
        }, timeoutMs);
        queue.push(go);
      });
    } finally {
      this.#size--;
    }
  }

  #leave(key: string): void {
    const next = this.#waiting.get(key)?.shift();
    if (next === undefined) this.#waiting.delete(key);
    else next();
  }
}
