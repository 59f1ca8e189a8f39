/**
 * Hands the event loop to one piece of long work per iteration, in order of arrival.
 *
 * Where each piece of work kept its turns short by itself, two hundred at once would still hold up everybody else.
 */
export class EventLoopTurns {
  readonly #waiting: (() => void)[] = [];
  #isTaken = false;

  /** Resolves when the caller may work for a moment; at once where nobody did in this iteration. */
  async next(): Promise<void> {
    if (this.#isTaken) {
      await new Promise<void>((resolve) => this.#waiting.push(resolve));
      return;
    }
    this.#isTaken = true;
    setImmediate(this.#pass);
  }

  readonly #pass = (): void => {
    const first = this.#waiting.shift();
    this.#isTaken = first !== undefined;
    if (first === undefined) return;
    setImmediate(this.#pass);
    first();
  };
}
