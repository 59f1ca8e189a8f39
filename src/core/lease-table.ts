import { DeadlineHeap, type Queued } from './deadline-heap.ts';

interface Lease extends Queued {
  readonly name: string;
  deadlineMs: number;
  ended: boolean;
}

const MIN_ENDED_TO_SWEEP = 1024;

/**
 * Deadlines of all leases on the lease clock, in ms.
 *
 * Each lease waits once in a heap, at a deadline that is never later than its own. A renewal only
 * moves the deadline and costs O(1); the heap learns of it when the old one comes up. Ended leases
 * stay in the heap until then, or until they are more than the living.
 */
export class LeaseTable {
  readonly #leases = new Map<string, Lease>();
  readonly #heap = new DeadlineHeap<Lease>();

  get size(): number {
    return this.#leases.size;
  }

  /** Starts or restarts a lease. */
  grant(name: string, deadlineMs: number): void {
    const held = this.#leases.get(name);
    if (held !== undefined && held.queuedMs <= deadlineMs) {
      held.deadlineMs = deadlineMs;
      return;
    }
    this.revoke(name);
    const lease = { name, deadlineMs, queuedMs: deadlineMs, ended: false };
    this.#leases.set(name, lease);
    this.#heap.push(lease);
  }

  /** Moves a lease's deadline forward, never back; false when there is no such lease. */
  renew(name: string, deadlineMs: number): boolean {
    const lease = this.#leases.get(name);
    if (lease === undefined) return false;
    if (deadlineMs > lease.deadlineMs) lease.deadlineMs = deadlineMs;
    return true;
  }

  revoke(name: string): void {
    const lease = this.#leases.get(name);
    if (lease === undefined) return;
    lease.ended = true;
    this.#leases.delete(name);
    if (this.#heap.size - this.#leases.size > this.#leases.size + MIN_ENDED_TO_SWEEP) {
      this.#heap.retain((queued) => !queued.ended);
    }
  }

  /** Undefined when there is no such lease. */
  deadlineMs(name: string): number | undefined {
    return this.#leases.get(name)?.deadlineMs;
  }

  isDue(name: string, nowMs: number): boolean {
    const lease = this.#leases.get(name);
    return lease !== undefined && lease.deadlineMs <= nowMs;
  }

  /** Names of leases whose deadline has passed, oldest deadline first. */
  due(nowMs: number, limit: number): string[] {
    const due: Lease[] = [];
    while (due.length < limit) {
      const next = this.#heap.peek();
      if (next === undefined || next.queuedMs > nowMs) break;
      this.#heap.pop();
      if (next.ended) continue;
      if (next.deadlineMs === next.queuedMs) due.push(next);
      else this.#requeue(next);
    }
    for (const lease of due) this.#heap.push(lease);
    return due.map((lease) => lease.name);
  }

  #requeue(lease: Lease): void {
    lease.queuedMs = lease.deadlineMs;
    this.#heap.push(lease);
  }
}
