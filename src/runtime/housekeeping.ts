import { schedule, type ScheduledTask } from 'node-cron';
import type { Revision } from '../core/index.ts';
import type { Clock } from '../platform/clock.ts';
import type { Logger } from '../platform/logger.ts';
import type { Registry } from '../registry/index.ts';

const EVERY_MINUTE = '* * * * *';
/** How long the deletion of a configuration key is remembered. */
const TOMBSTONE_TTL_MS = 15 * 60_000;
const REAP_BATCH = 500;

interface Deps {
  readonly registry: Registry;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Whether this node is the one to do the work. */
  readonly leads: () => boolean;
}

/**
 * The chores with a calendar, each done by one registry node at a time: forgetting old deletions.
 *
 * The history needs none, since the stores bound it by themselves; topics are what indexes are read from and stay.
 */
export class Housekeeping {
  readonly #deps: Deps;
  /** Revisions by the time they were current, oldest first; the first one may be older than the TTL. */
  #samples: { readonly atMs: number; readonly revision: Revision }[] = [];
  #task: ScheduledTask | undefined;
  #running: Promise<void> = Promise.resolve();

  constructor(deps: Deps) {
    this.#deps = deps;
  }

  start(): void {
    const { logger } = this.#deps;
    const run = () => {
      this.#running = this.run();
      return this.#running;
    };
    this.#task ??= schedule(EVERY_MINUTE, run, {
      name: 'housekeeping',
      noOverlap: true,
      suppressMissedWarning: true,
      logger: {
        debug: (message) => logger.debug({ err: message }, 'housekeeping'),
        info: (message) => logger.info({}, message),
        warn: (message) => logger.warn({}, message),
        error: (message) => logger.error({ err: message }, 'housekeeping failed'),
      },
    });
  }

  /** Resolves once no chore is under way. */
  async stop(): Promise<void> {
    await this.#task?.destroy();
    this.#task = undefined;
    await this.#running;
  }

  /** One turn; never rejects. */
  async run(): Promise<void> {
    const { registry, logger, leads } = this.#deps;
    if (!registry.ready) return;
    const upTo = this.#sample();
    if (upTo === undefined || !leads()) return;
    try {
      const reaped = await this.#reap(upTo);
      if (reaped > 0) logger.info({ reaped }, 'forgot old deletions of configuration keys');
    } catch (error) {
      logger.warn({ err: error }, 'old deletions could not be forgotten; trying again in a minute');
    }
  }

  /** Notes the revision of this moment; answers the newest one that is old enough. */
  #sample(): Revision | undefined {
    const { registry, clock } = this.#deps;
    const now = clock.monotonic();
    this.#samples.push({ atMs: now, revision: registry.state.revision });
    const young = this.#samples.findIndex(({ atMs }) => now - atMs < TOMBSTONE_TTL_MS);
    this.#samples = this.#samples.slice(Math.max(0, young - 1));
    const [oldest] = this.#samples;
    return oldest !== undefined && now - oldest.atMs >= TOMBSTONE_TTL_MS ? oldest.revision : undefined;
  }

  async #reap(upTo: Revision): Promise<number> {
    let reaped = 0;
    for (;;) {
      const batch = await this.#deps.registry.kv.reapTombstones(upTo, REAP_BATCH);
      reaped += batch;
      if (batch < REAP_BATCH) return reaped;
    }
  }
}
