import type { Logger } from '../platform/logger.ts';
import { TICK_MS, type Registry } from '../registry/index.ts';

interface Deps {
  readonly registry: Registry;
  readonly logger: Logger;
  /** A standstill longer than this has cost the node its place among the others, in ms. */
  readonly leaseMs: number;
  /** Called after such a standstill. */
  readonly onAway: () => void;
}

/**
 * Notices when this process stood still: stopped, starved, or busy with one thing for too long.
 *
 * While it did, others may have taken its place and heartbeats may have piled up; so what it believes is doubtful for
 * a while, and after a long standstill it catches up with the store and registers again.
 */
export class Watchdog {
  readonly #deps: Deps;
  #timer: NodeJS.Timeout | undefined;

  constructor(deps: Deps) {
    this.#deps = deps;
  }

  start(): void {
    this.#deps.registry.condition.tick();
    this.#timer ??= setInterval(() => this.#tick(), TICK_MS);
  }

  stop(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
    this.#deps.registry.condition.rest();
  }

  #tick(): void {
    const { registry, logger, leaseMs, onAway } = this.#deps;
    const stallMs = registry.condition.tick();
    if (stallMs === 0) return;
    const isAway = stallMs > leaseMs;
    logger.warn(
      { stallMs, isAway },
      'the event loop stood still; this node withholds its verdicts for a while',
    );
    if (!isAway) return;
    registry.resync();
    onAway();
  }
}
