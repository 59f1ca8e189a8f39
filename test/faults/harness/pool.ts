/** Runs jobs side by side, a few at a time, in the order given; one that is `alone` waits until nobody else runs. */
export class Pool {
  readonly #most: number;
  #running = 0;
  #queue: { readonly alone: boolean; readonly begin: () => void }[] = [];

  constructor(most: number) {
    this.#most = most;
  }

  async run<T>(job: () => Promise<T>, alone = false): Promise<T> {
    const weight = alone ? this.#most : 1;
    await new Promise<void>((begin) => {
      this.#queue.push({ alone, begin });
      this.#next();
    });
    try {
      return await job();
    } finally {
      this.#running -= weight;
      this.#next();
    }
  }

  #next(): void {
    for (;;) {
      const [first] = this.#queue;
      if (first === undefined) return;
      const weight = first.alone ? this.#most : 1;
      if (this.#running + weight > this.#most) return;
      this.#running += weight;
      this.#queue.shift();
      first.begin();
    }
  }
}
