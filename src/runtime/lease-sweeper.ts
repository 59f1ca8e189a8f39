import { graceMs, parseLease, RollcallError } from '../core/index.ts';
import type { Logger } from '../platform/logger.ts';
import type { Random } from '../platform/random.ts';
import type { Registry } from '../registry/index.ts';
import { eachLimited } from './each-limited.ts';
import { repeat, type Repeating } from './repeat.ts';

const INTERVAL_MS = 200;
/** Most due leases one sweep lists; while there are that many, the next follows at once. */
const LIMIT = 200;
const CONCURRENCY = 50;

interface Deps {
  readonly registry: Registry;
  readonly logger: Logger;
  readonly random: Random;
}

type Outcome = Awaited<ReturnType<Registry['leases']['expire']>> | 'spared' | 'renewed';

/**
 * Ends leases whose time has run out: checks turn critical, instances are evicted or deregistered, sessions end.
 *
 * All registry nodes sweep, and the store lets one of them lead. A lease that came due while nobody could renew it is
 * spared until it has had its whole time to live again.
 */
export class LeaseSweeper {
  readonly #deps: Deps;
  #repeating: Repeating | undefined;
  #leads = false;

  constructor(deps: Deps) {
    this.#deps = deps;
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
    this.#leads = false;
  }

  async #sweep(): Promise<boolean> {
    const { registry } = this.#deps;
    if (!registry.ready) return false;
    const sweep = await registry.leases.sweep(LIMIT);
    this.#lead(sweep.leader);
    if (sweep.leader) await registry.leases.holdLocks();
    const tally = new Map<Outcome, number>();
    try {
      await eachLimited(sweep.due, CONCURRENCY, async (lease) => {
        const outcome = await this.#settle(lease, graceMs(registry.state, lease, sweep));
        tally.set(outcome, (tally.get(outcome) ?? 0) + 1);
      });
    } finally {
      this.#report(tally);
    }
    return sweep.due.length === LIMIT;
  }

  async #settle(lease: string, spareMs: number): Promise<Outcome> {
    const { registry, logger } = this.#deps;
    if (spareMs > 0) {
      await registry.leases.extend(lease, spareMs);
      return 'spared';
    }
    try {
      const outcome = await registry.leases.expire(lease);
      logger.debug({ ...parseLease(lease), outcome }, 'a lease ran out');
      return outcome;
    } catch (error) {
      if (error instanceof RollcallError && error.code === 'aborted') return 'renewed';
      throw error;
    }
  }

  #lead(leads: boolean): void {
    if (leads === this.#leads) return;
    this.#leads = leads;
    this.#deps.logger.info({}, leads ? 'this node ends leases now' : 'another node ends leases now');
  }

  #report(tally: ReadonlyMap<Outcome, number>): void {
    const counts = Object.fromEntries([...tally].filter(([outcome]) => outcome !== 'renewed'));
    if (Object.keys(counts).length > 0) this.#deps.logger.info(counts, 'leases ran out');
  }
}
