type Listener = (line: string) => void;

/** Lets others read along what is logged, line by line, as JSON. */
export class LogTap {
  readonly #listeners = new Set<Listener>();

  /** Calls `listener` with every line from now on, which must not throw; returns how to end that. */
  subscribe(listener: Listener): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  write(line: string): void {
    for (const listener of this.#listeners) listener(line);
  }
}
