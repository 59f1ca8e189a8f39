import type { Clock } from '../../platform/clock.ts';
import type { Logger } from '../../platform/logger.ts';
import type { NodeCondition } from '../../registry/index.ts';

/** With fewer checks a node cannot tell a fault of its own from theirs. */
const MIN_CHECKS = 10;
/** Results that are looked at: the latest of as many checks. More than half of them must have failed. */
const RESULTS = 10;
const RESULT_VALID_MS = 60_000;
/** How long others run the checks; doubled each time the node finds the same again at once. */
const SUSPECT_MS = { first: 60_000, most: 600_000 };

interface Deps {
  readonly condition: NodeCondition;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Called when the node has become suspect, so that others learn of it. */
  readonly onSuspect: () => void;
}

/** What a check's result means for the trust in this node. */
export interface Finding {
  readonly key: string;
  /** The check was not critical until now. */
  readonly isNewFailure: boolean;
  /** Checks that this node runs. */
  readonly checks: number;
  /** Another node could run them. */
  readonly hasOther: boolean;
}

/**
 * Doubts this node where most of its checks begin to fail at once: then it is more likely to be cut off than they
 * are to be dead, and another node shall look. Ends by itself.
 */
export class Suspicion {
  readonly #deps: Deps;
  /** The latest result of each check, oldest first. */
  readonly #results = new Map<string, { readonly isNewFailure: boolean; readonly atMs: number }>();
  #nextMs = SUSPECT_MS.first;
  /** After having been suspect, failures count only once most checks have been seen to pass. */
  #onProbation = false;

  constructor(deps: Deps) {
    this.#deps = deps;
  }

  /** Takes in a result; answers whether it may be published. */
  admits({ key, isNewFailure, checks, hasOther }: Finding): boolean {
    this.#note(key, isNewFailure);
    if (this.#deps.condition.suspicion !== '') return !hasOther;
    const failures = [...this.#results.values()].filter((result) => result.isNewFailure).length;
    const isMost = failures > RESULTS / 2;
    if (this.#results.size - failures >= RESULTS / 2) {
      this.#onProbation = false;
      this.#nextMs = SUSPECT_MS.first;
    }
    if (!isNewFailure || !hasOther || checks < MIN_CHECKS) return true;
    if (isMost) this.#suspect(failures);
    return !isMost && !this.#onProbation;
  }

  #note(key: string, isNewFailure: boolean): void {
    const atMs = this.#deps.clock.monotonic();
    this.#results.delete(key);
    this.#results.set(key, { isNewFailure, atMs });
    for (const [oldest, result] of this.#results) {
      if (this.#results.size <= RESULTS && atMs - result.atMs <= RESULT_VALID_MS) return;
      this.#results.delete(oldest);
    }
  }

  #suspect(failures: number): void {
    const { condition, logger, onSuspect } = this.#deps;
    const reason = `${String(failures)} of the last ${String(this.#results.size)} checks began to fail at once`;
    logger.warn({ reason, forMs: this.#nextMs }, 'this node doubts itself and hands its checks over');
    condition.suspect(reason, this.#nextMs);
    this.#nextMs = Math.min(2 * this.#nextMs, SUSPECT_MS.most);
    this.#onProbation = true;
    this.#results.clear();
    onSuspect();
  }
}
