/**
 * Who owns what, in ascending order, where a placement divides hashes or the slots of a table among its members.
 *
 * Part i reaches from behind the end of part i - 1, or from 0, up to and with its own end; one that ends where the
 * one before it does is empty. The last part ends where the hashes or slots do.
 */
export interface Parts {
  /** What is divided: all hashes of 64 bits, or `total` slots of a table. */
  readonly unit: 'hash' | 'slot';
  /** Of ends by their high halves: 2^32, or the number of slots. */
  readonly total: number;
  /** High half of the hash that the part ends with, or the number of the slot. */
  readonly high: Uint32Array;
  /** Low half; 0 of a slot. */
  readonly low: Uint32Array;
  /** Index of the member that owns the part; -1 for nobody. */
  readonly owner: Int32Array;
}

/** Takes down the parts of all hashes, in ascending order. */
export class HashParts {
  private readonly high: Uint32Array;
  private readonly low: Uint32Array;
  private readonly owner: Int32Array;
  private length = 0;

  /** Room for `most` parts. */
  constructor(most: number) {
    this.high = new Uint32Array(most);
    this.low = new Uint32Array(most);
    this.owner = new Int32Array(most);
  }

  add(high: number, low: number, owner: number): void {
    this.high[this.length] = high;
    this.low[this.length] = low;
    this.owner[this.length] = owner;
    this.length++;
  }

  parts(): Parts {
    const { length } = this;
    const [high, low, owner] = [this.high, this.low, this.owner];
    return {
      unit: 'hash',
      total: 2 ** 32,
      high: high.subarray(0, length),
      low: low.subarray(0, length),
      owner: owner.subarray(0, length),
    };
  }
}
