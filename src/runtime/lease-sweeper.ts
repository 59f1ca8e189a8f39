import { graceMs, type Loss } from '../core/index.ts';
import type { Logger } from '../platform/logger.ts';
import type { Random } from '../platform/random.ts';
import type { Registry } from '../registry/index.ts';
import { EvictionGuard } from './eviction-guard.ts';
import { repeat, type Repeating } from './repeat.ts';
import { SecondOpinions } from './second-opinion.ts';

const INTERVAL_MS = 200;
/** Most due leases one sweep lists; while there are that many, the next follows at once. */
const LIMIT = 1000;

interface Deps {
  readonly registry: Registry;
  readonly logger: Logger;
  readonly random: Random;
}

type Sweep = Awaited<ReturnType<Registry['leases']['sweep']>>;
type Tally = Awaited<ReturnType<Registry['leases']['expireAll']>>;

/**
 * Ends leases whose time has run out: checks turn critical, instances are evicted or deregistered, sessions end.
 *
 * All registry nodes sweep, and the store lets one of them lead. A lease that came due while nobody could renew it is
 * spared until it has had its whole time to live again; so are those that self-preservation keeps, and all of them
 * while this node has just stood still.
 */
export class LeaseSweeper {
  readonly #deps: Deps;
  readonly #opinions: SecondOpinions;
  readonly #guard: EvictionGuard;
  #repeating: Repeating | undefined;
  #leads = false;

  constructor(deps: Deps) {
    this.#deps = deps;
    this.#opinions = new SecondOpinions();
    this.#guard = new EvictionGuard({ ...deps, opinions: this.#opinions });
  }

  /** Whether this node was the one that ends leases, as of its last sweep. */
  get leads(): boolean {
    return this.#leads;
  }

  start(): void {
    const { logger, random } = this.#deps;
    const options = { name: 'lease sweeper', intervalMs: INTERVAL_MS, logger, random };
    this.#repeating ??= repeat(() => this.#sweep(), options);
  }

  async stop(): Promise<void> {
    await this.#repeating?.stop();
    await this.#opinions.stop();
    this.#leads = false;
  }

  async #sweep(): Promise<boolean> {
    const { registry } = this.#deps;
    if (!registry.ready) return false;
    const sweep = await registry.leases.sweep(LIMIT);
    this.#lead(sweep.leader);
    if (!sweep.leader) return false;
    await registry.leases.holdLocks();
    if (registry.condition.stalled) return false;
    await this.#settle(sweep);
    return sweep.due.length === LIMIT;
  }

  async #settle(sweep: Sweep): Promise<void> {
    const { registry, logger } = this.#deps;
    const graced: { lease: string; ttlMs: number }[] = [];
    const due: string[] = [];
    for (const lease of sweep.due) {
      const ttlMs = graceMs(registry.state, lease, sweep);
      if (ttlMs > 0) graced.push({ lease, ttlMs });
      else due.push(lease);
    }
    const { ending, charged, spared } = await this.#guard.judge(due, sweep.nowMs);
    await registry.leases.extend([...graced, ...spared]);
    const counts: Record<string, number> = {};
    if (graced.length + spared.length > 0)
      logger.debug({ graced: graced.length, held: spared.length }, 'leases were spared');
    try {
      await this.#end(ending, sweep.nowMs, counts);
      await this.#end(charged.health, sweep.nowMs, counts, 'health');
      await this.#end(charged.instance, sweep.nowMs, counts, 'instance');
    } finally {
      if (Object.keys(counts).length > 0) logger.info(counts, 'leases ran out');
    }
  }

  async #end(
    leases: readonly string[],
    nowMs: number,
    counts: Record<string, number>,
    loss?: Loss,
  ): Promise<void> {
    const tally: Tally = await this.#deps.registry.leases.expireAll(leases);
    for (const [outcome, count] of tally) {
      if (outcome === 'renewed') continue;
      counts[outcome] = (counts[outcome] ?? 0) + count;
      if (outcome !== 'stale') this.#guard.ended(count, nowMs, loss);
    }
  }

  #lead(leads: boolean): void {
    if (leads === this.#leads) return;
    this.#leads = leads;
    if (!leads) this.#guard.rest();
    this.#deps.logger.info({}, leads ? 'this node ends leases now' : 'another node ends leases now');
  }
}
