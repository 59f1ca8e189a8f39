import {
  endpointOf,
  EvictionBudget,
  isLastOfService,
  lossOf,
  type Loss,
  type Protection,
} from '../core/index.ts';
import type { Logger } from '../platform/logger.ts';
import type { Random } from '../platform/random.ts';
import type { Registry } from '../registry/index.ts';
import type { SecondOpinions } from './second-opinion.ts';

/** How long a lease is spared at a time, at random, so that those held do not come up together. */
const HOLD_MS = { least: 4000, most: 8000 };
/** After this without being due again, a lease that was held has been renewed or revoked. */
const SLACK_MS = 2000;
const NOTE_MS = 5000;

interface Deps {
  readonly registry: Registry;
  readonly opinions: SecondOpinions;
  readonly random: Random;
  readonly logger: Logger;
}

/** What becomes of leases that are due. */
export interface Judgement {
  /** These end, and nobody counts them: they take nothing away, or it is known that their instances are dead. */
  readonly ending: readonly string[];
  /** These end on the budget's account, by what they take. */
  readonly charged: Readonly<Record<Loss, readonly string[]>>;
  /** These are spared for a while. */
  readonly spared: readonly { readonly lease: string; readonly ttlMs: number }[];
}

interface Guarded {
  readonly lease: string;
  readonly loss: Loss;
}

/**
 * Decides which leases may end, where so many run out that the network may be to blame rather than the instances.
 *
 * What exceeds the budget begins self-preservation. Then a lease ends when its instance's host refuses a connection,
 * or within the budget when nobody can tell and its service has others; the rest is spared. It ends when nothing is
 * spared any more, or when it has taken too long. Only the node that ends leases may ask.
 */
export class EvictionGuard {
  readonly #deps: Deps;
  #budgets: Readonly<Record<Loss, EvictionBudget>>;
  /** Leases that are spared, by when they will be due again on the lease clock. */
  readonly #held = new Map<string, number>();
  /** From when on an empty `#held` means that nothing is spared: others may have spared some before. */
  #settledMs: number | undefined;
  #ended = 0;
  #notedMs = 0;

  constructor(deps: Deps) {
    this.#deps = deps;
    this.#budgets = this.#newBudgets();
  }

  /** Another node ends leases now. */
  rest(): void {
    this.#held.clear();
    this.#settledMs = undefined;
  }

  /** `nowMs` is the lease clock. Throws what a commit throws. */
  async judge(due: readonly string[], nowMs: number): Promise<Judgement> {
    const { protection, state } = this.#deps.registry;
    for (const lease of due) if (this.#held.has(lease)) this.#held.set(lease, nowMs);
    await this.#follow(nowMs);
    const guarded: Guarded[] = [];
    const ending: string[] = [];
    const isOff = !protection.policy.enabled || protection.current?.phase === 'lapsed';
    for (const lease of due) {
      const loss = isOff ? undefined : lossOf(state, lease);
      if (loss === undefined) ending.push(lease);
      else guarded.push({ lease, loss });
    }
    if (protection.current === undefined) {
      const reason = this.#excess(guarded, nowMs);
      if (reason === undefined) return { ending, charged: byLoss(guarded), spared: [] };
      await this.#begin(reason, nowMs);
    }
    return this.#sort(guarded, ending, nowMs);
  }

  /** Tells how many leases of a judgement ended. */
  ended(count: number, nowMs: number, loss?: Loss): void {
    if (loss !== undefined) this.#budgets[loss].spend(count, nowMs);
    if (this.#settledMs !== undefined) this.#ended += count;
  }

  /** Why these are too many; undefined where they are not. */
  #excess(guarded: readonly Guarded[], nowMs: number): string | undefined {
    const { protection } = this.#deps.registry;
    for (const [loss, leases] of Object.entries(byLoss(guarded)) as [Loss, readonly string[]][]) {
      if (leases.length === 0) continue;
      const population = protection.population()[loss];
      const budget = this.#budgets[loss];
      if (leases.length <= budget.left(population, nowMs)) continue;
      const spent = budget.spent(nowMs);
      const lost = String(spent + leases.length);
      const { windowMs } = protection.policy;
      const seconds = String(windowMs / 1000);
      return `${lost} of ${String(population + spent)} ${NOUN[loss]} within ${seconds} s, and ${String(budget.size(population, nowMs))} may`;
    }
    return undefined;
  }

  #sort(guarded: readonly Guarded[], ending: string[], nowMs: number): Judgement {
    const { registry, opinions, random } = this.#deps;
    const { state, protection } = registry;
    const charged: Record<Loss, string[]> = { health: [], instance: [] };
    const spared: { lease: string; ttlMs: number }[] = [];
    if (guarded.length === 0) return { ending, charged, spared };
    const population = protection.population();
    for (const { lease, loss } of shuffled(guarded, random)) {
      const opinion = protection.policy.probes
        ? opinions.of(lease, endpointOf(state, lease), nowMs)
        : 'unknown';
      const budget = this.#budgets[loss];
      // A catalog that is too small for the share has too few instances of anything to hold one back.
      const isTakable = () =>
        budget.left(population[loss], nowMs) > charged[loss].length &&
        (budget.size(population[loss], nowMs) <= protection.policy.budgetMin ||
          !isLastOfService(state, lease));
      if (opinion === 'refused') ending.push(lease);
      else if (opinion === 'unknown' && isTakable()) charged[loss].push(lease);
      else {
        const heldMs = HOLD_MS.least + Math.floor(random.fraction() * (HOLD_MS.most - HOLD_MS.least));
        const ttlMs = opinion === 'asked' ? Math.min(heldMs, opinions.waitMs) : heldMs;
        spared.push({ lease, ttlMs });
        this.#held.set(lease, nowMs + ttlMs);
        continue;
      }
      this.#held.delete(lease);
    }
    return { ending, charged, spared };
  }

  async #begin(reason: string, nowMs: number): Promise<void> {
    const { registry, logger } = this.#deps;
    await registry.protection.begin(reason, nowMs);
    this.#settledMs = nowMs + HOLD_MS.most + SLACK_MS;
    this.#ended = 0;
    this.#notedMs = nowMs;
    logger.warn({ reason }, 'self-preservation begins: leases that run out are spared');
  }

  /** Sees to it that self-preservation ends, whoever began it. */
  async #follow(nowMs: number): Promise<void> {
    const { registry, logger } = this.#deps;
    const { current, policy } = registry.protection;
    if (current === undefined) return;
    if (this.#settledMs === undefined) {
      this.#settledMs = nowMs + HOLD_MS.most + SLACK_MS;
      this.#ended = current.ended;
      this.#notedMs = nowMs;
    }
    for (const [lease, againMs] of this.#held) if (nowMs > againMs + SLACK_MS) this.#held.delete(lease);
    const isOver = this.#held.size === 0 && nowMs >= this.#settledMs;
    if (!policy.enabled || isOver) {
      await registry.protection.end();
      logger.info({ ended: this.#ended, reason: current.reason }, 'self-preservation ends');
      this.#settledMs = undefined;
      if (current.phase === 'lapsed') this.#budgets = this.#newBudgets();
      this.#deps.opinions.clear();
      return;
    }
    await this.#keep(current, nowMs);
  }

  async #keep(current: Protection, nowMs: number): Promise<void> {
    const { protection } = this.#deps.registry;
    // The clock of a store that lost its data begins anew.
    if (nowMs < current.sinceMs) await protection.note({ sinceMs: nowMs });
    else if (current.phase === 'on' && nowMs - current.sinceMs >= protection.policy.maxMs) {
      await protection.note({ phase: 'lapsed', held: 0, ended: this.#ended });
      this.#held.clear();
      this.#settledMs = nowMs + HOLD_MS.most + SLACK_MS;
      this.#deps.logger.warn({}, 'self-preservation has taken too long: what it spared ends now');
    } else if (nowMs - this.#notedMs >= NOTE_MS || nowMs < this.#notedMs) {
      this.#notedMs = nowMs;
      await protection.note({ held: this.#held.size, ended: this.#ended });
    }
  }

  #newBudgets(): Readonly<Record<Loss, EvictionBudget>> {
    const { policy } = this.#deps.registry.protection;
    return { health: new EvictionBudget(policy), instance: new EvictionBudget(policy) };
  }
}

const NOUN: Readonly<Record<Loss, string>> = {
  health: 'leases ran out',
  instance: 'instances were critical for too long',
};

function byLoss(guarded: readonly Guarded[]): Readonly<Record<Loss, readonly string[]>> {
  const of = (loss: Loss) => guarded.filter((each) => each.loss === loss).map(({ lease }) => lease);
  return { health: of('health'), instance: of('instance') };
}

/** Fisher-Yates. */
function shuffled<T>(items: readonly T[], random: Random): T[] {
  const order = [...items];
  for (let last = order.length - 1; last > 0; last--) {
    const other = Math.floor(random.fraction() * (last + 1));
    const [a, b] = [order[last], order[other]];
    if (a === undefined || b === undefined) continue;
    order[last] = b;
    order[other] = a;
  }
  return order;
}
