import type { ProtectionPolicy } from './protection.ts';

type BudgetPolicy = Pick<ProtectionPolicy, 'budgetPercent' | 'budgetMin' | 'windowMs'>;

/**
 * How many losses a catalog takes in a window before somebody doubts them.
 *
 * A share of what lives at this moment, with what was lost in the window counted as if it lived, and a few at the
 * least: so a single death always passes, and no counter can drift from the catalog.
 */
export class EvictionBudget {
  readonly #share: number;
  readonly #least: number;
  readonly #windowMs: number;
  /** When the losses of the window were, ascending. */
  #spentAt: number[] = [];

  constructor({ budgetPercent, budgetMin, windowMs }: BudgetPolicy) {
    this.#share = budgetPercent / 100;
    this.#least = budgetMin;
    this.#windowMs = windowMs;
  }

  /** How many losses the window takes in all; `population` is what lives now. */
  size(population: number, nowMs: number): number {
    return Math.max(this.#least, Math.floor((population + this.spent(nowMs)) * this.#share));
  }

  /** Losses in the window that ends now. */
  spent(nowMs: number): number {
    const from = nowMs - this.#windowMs;
    // The clock of a store that lost its data begins anew.
    const isStale = (this.#spentAt[0] ?? Infinity) <= from || (this.#spentAt.at(-1) ?? 0) > nowMs;
    if (isStale) this.#spentAt = this.#spentAt.filter((atMs) => atMs > from && atMs <= nowMs);
    return this.#spentAt.length;
  }

  /** How many more losses the window takes. */
  left(population: number, nowMs: number): number {
    return Math.max(0, this.size(population, nowMs) - this.spent(nowMs));
  }

  spend(count: number, nowMs: number): void {
    for (let i = 0; i < count; i++) this.#spentAt.push(nowMs);
  }
}
