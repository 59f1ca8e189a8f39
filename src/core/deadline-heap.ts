/** Something that waits in a `DeadlineHeap`. */
export interface Queued {
  /** What the heap orders by, in ms; must not change while inside. */
  queuedMs: number;
}

/** A binary min-heap by `queuedMs`: push and pop in O(log n), peek in O(1). */
export class DeadlineHeap<T extends Queued> {
  #items: T[] = [];

  get size(): number {
    return this.#items.length;
  }

  peek(): T | undefined {
    return this.#items[0];
  }

  push(item: T): void {
    let index = this.#items.push(item) - 1;
    while (index > 0) {
      const parentIndex = (index - 1) >> 1;
      const parent = this.#items[parentIndex];
      if (parent === undefined || parent.queuedMs <= item.queuedMs) break;
      this.#items[index] = parent;
      index = parentIndex;
    }
    this.#items[index] = item;
  }

  pop(): T | undefined {
    const top = this.#items[0];
    const last = this.#items.pop();
    if (last !== undefined && this.#items.length > 0) this.#sink(last);
    return top;
  }

  /** Drops what does not pass, in O(n). */
  retain(keep: (item: T) => boolean): void {
    // A sorted array is a heap, and sorting one that is nearly sorted is cheap.
    this.#items = this.#items.filter(keep).sort((a, b) => a.queuedMs - b.queuedMs);
  }

  /** Puts an item at the root and lets it sink to its place. */
  #sink(item: T): void {
    const items = this.#items;
    let index = 0;
    for (;;) {
      let child = items[2 * index + 1];
      let childIndex = 2 * index + 1;
      const right = items[childIndex + 1];
      if (child !== undefined && right !== undefined && right.queuedMs < child.queuedMs) {
        child = right;
        childIndex += 1;
      }
      if (child === undefined || child.queuedMs >= item.queuedMs) break;
      items[index] = child;
      index = childIndex;
    }
    items[index] = item;
  }
}
