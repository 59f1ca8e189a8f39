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

/** Parts that a placement tells at a time, so that nobody waits until all have been copied. */
export const PARTS_AT_A_TIME = 4096;

/** Takes down parts of hashes, in ascending order. */
export class HashParts {
  // Whoever adds may add a few more before it looks whether there is room.
  private readonly high = new Uint32Array(PARTS_AT_A_TIME + 8);
  private readonly low = new Uint32Array(PARTS_AT_A_TIME + 8);
  private readonly owner = new Int32Array(PARTS_AT_A_TIME + 8);
  private length = 0;

  add(high: number, low: number, owner: number): void {
    this.high[this.length] = high;
    this.low[this.length] = low;
    this.owner[this.length] = owner;
    this.length++;
  }

  get isFull(): boolean {
    return this.length >= PARTS_AT_A_TIME;
  }

  /** What was taken down since the last call. */
  take(): Parts {
    const end = this.length;
    this.length = 0;
    const [high, low, owner] = [this.high.slice(0, end), this.low.slice(0, end), this.owner.slice(0, end)];
    return { unit: 'hash', total: 2 ** 32, high, low, owner };
  }
}

/** All of it in one, where the caller has the time. */
export function joinParts(pieces: Iterable<Parts>): Parts | undefined {
  const list = [...pieces];
  const [first] = list;
  if (first === undefined) return undefined;
  const size = list.reduce((sum, { high }) => sum + high.length, 0);
  const joined = { high: new Uint32Array(size), low: new Uint32Array(size), owner: new Int32Array(size) };
  let at = 0;
  for (const { high, low, owner } of list) {
    joined.high.set(high, at);
    joined.low.set(low, at);
    joined.owner.set(owner, at);
    at += high.length;
  }
  return { unit: first.unit, total: first.total, ...joined };
}
