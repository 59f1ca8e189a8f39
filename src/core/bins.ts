import { LeaseTable } from './lease-table.ts';

/** Most bins that one acquisition may name. */
export const MAX_BINS = 64;
/** Most leases that a pool may hold. */
export const MAX_BIN_LEASES = 100_000;

/**
 * A wish for one place in the first of several bins that has room.
 *
 * A bin has room while its load is below `share * (load of the pool + 1) / divisor`, rounded up, so with
 * `share / divisor` = c * weight / total weight no bin ever gets more than c times its part of the load (Mirrokni,
 * Thorup and Zadimoghaddam, "Consistent Hashing with Bounded Loads", 2016).
 */
export interface BinRequest {
  /** Whose loads count together; without NUL. */
  readonly pool: string;
  /** Names the lease in its pool. One that is held already is renewed, and keeps its bin. */
  readonly lease: string;
  readonly ttlMs: number;
  /** The first choice first; those beyond `MAX_BINS` are not looked at. None: only renew. */
  readonly bins: readonly { readonly name: string; readonly share: number }[];
  /** Integer; it and each share times `MAX_BIN_LEASES` are below 2^53. */
  readonly divisor: number;
  /** A bin whose lease is given up, not renewed. */
  readonly declined?: string;
}

export type BinAnswer =
  | {
      readonly outcome: 'acquired';
      readonly bin: string;
      /** What the bin and its pool hold, this lease included. */
      readonly load: number;
      readonly poolLoad: number;
      /** The most that the bin might have held. */
      readonly cap: number;
    }
  | { readonly outcome: 'renewed'; readonly bin: string; readonly load: number; readonly poolLoad: number }
  /** No bin has room, or the pool holds `MAX_BIN_LEASES`. */
  | { readonly outcome: 'full'; readonly poolLoad: number };

/** A lease that came or went. */
export interface BinChange {
  readonly kind: 'taken' | 'freed';
  readonly pool: string;
  readonly lease: string;
  readonly bin: string;
  readonly deadlineMs: number;
}

interface Pool {
  load: number;
  readonly loads: Map<string, number>;
}

interface Held {
  readonly pool: string;
  readonly lease: string;
  readonly bin: string;
}

/** Loads of bins and the leases they are made of, in memory; the caller brings the time. */
export class Bins {
  readonly #deadlines = new LeaseTable();
  readonly #held = new Map<string, Held>();
  readonly #pools = new Map<string, Pool>();

  /** Answers a request after freeing what is due at `nowMs`; what came and went is added to `changes`. */
  acquire(
    request: BinRequest,
    time: { nowMs: number; deadlineMs: number },
    changes?: BinChange[],
  ): BinAnswer {
    const { pool, lease, declined } = request;
    this.expire(time.nowMs, changes);
    const held = this.#held.get(keyOf(pool, lease));
    if (held !== undefined && held.bin !== declined) {
      this.#deadlines.renew(keyOf(pool, lease), time.deadlineMs);
      return { outcome: 'renewed', bin: held.bin, ...this.#loads(pool, held.bin) };
    }
    if (held !== undefined) this.release(pool, lease, changes);
    const poolLoad = this.#pools.get(pool)?.load ?? 0;
    const choice = poolLoad < MAX_BIN_LEASES ? this.#firstWithRoom(request, poolLoad) : undefined;
    if (choice === undefined) return { outcome: 'full', poolLoad };
    const change = { pool, lease, bin: choice.name, deadlineMs: time.deadlineMs };
    this.take(change);
    changes?.push({ kind: 'taken', ...change });
    return { outcome: 'acquired', bin: choice.name, cap: choice.cap, ...this.#loads(pool, choice.name) };
  }

  /** Whether there was such a lease. */
  release(pool: string, lease: string, changes?: BinChange[]): boolean {
    const key = keyOf(pool, lease);
    const held = this.#held.get(key);
    if (held === undefined) return false;
    changes?.push({ kind: 'freed', ...held, deadlineMs: this.#deadlines.deadlineMs(key) ?? 0 });
    this.#deadlines.revoke(key);
    this.#held.delete(key);
    this.#count(pool, held.bin, -1);
    return true;
  }

  /** Frees what is due. */
  expire(nowMs: number, changes?: BinChange[]): void {
    for (const key of this.#deadlines.due(nowMs, Infinity)) {
      const { pool, lease } = this.#held.get(key) ?? {};
      if (pool !== undefined && lease !== undefined) this.release(pool, lease, changes);
    }
  }

  hasDue(nowMs: number): boolean {
    return this.#deadlines.due(nowMs, 1).length > 0;
  }

  /** Puts a lease into a bin, full or not. */
  take({ pool, lease, bin, deadlineMs }: Omit<BinChange, 'kind'>): void {
    this.#deadlines.grant(keyOf(pool, lease), deadlineMs);
    this.#held.set(keyOf(pool, lease), { pool, lease, bin });
    this.#count(pool, bin, 1);
  }

  /** Takes back changes, the last one first. */
  undo(changes: readonly BinChange[]): void {
    for (const change of changes.toReversed()) {
      if (change.kind === 'taken') this.release(change.pool, change.lease);
      else this.take(change);
    }
  }

  #firstWithRoom(
    { pool, bins, divisor }: BinRequest,
    poolLoad: number,
  ): { name: string; cap: number } | undefined {
    for (const { name, share } of bins.slice(0, MAX_BINS)) {
      const cap = Math.ceil((share * (poolLoad + 1)) / divisor);
      if (this.#loads(pool, name).load < cap) return { name, cap };
    }
    return undefined;
  }

  #loads(pool: string, bin: string): { load: number; poolLoad: number } {
    const held = this.#pools.get(pool);
    return { load: held?.loads.get(bin) ?? 0, poolLoad: held?.load ?? 0 };
  }

  #count(pool: string, bin: string, by: number): void {
    const counted = this.#pools.get(pool) ?? { load: 0, loads: new Map<string, number>() };
    const load = (counted.loads.get(bin) ?? 0) + by;
    counted.load += by;
    if (load === 0) counted.loads.delete(bin);
    else counted.loads.set(bin, load);
    if (counted.load === 0) this.#pools.delete(pool);
    else this.#pools.set(pool, counted);
  }
}

function keyOf(pool: string, lease: string): string {
  return `${pool}\0${lease}`;
}
