const MAX_QUESTIONS = 10_000;

/**
 * The questions that were asked with `?cached` before; bounded, the one asked least recently out first.
 *
 * Every answer comes from memory that the registry keeps up to date, so no more than the questions are kept,
 * to tell a reader the first time from the next.
 */
export class CachedQuestions {
  readonly #asked = new Set<string>();

  /** Notes a question; whether it was known. */
  ask(key: string): boolean {
    const isKnown = this.#asked.delete(key);
    this.#asked.add(key);
    if (this.#asked.size > MAX_QUESTIONS) {
      for (const oldest of this.#asked) {
        this.#asked.delete(oldest);
        break;
      }
    }
    return isKnown;
  }
}
