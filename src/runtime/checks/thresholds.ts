import type { CheckStatus } from '../../core/index.ts';

/** How many equal results in a row change a status; left out or 0, one is enough. */
export interface Thresholds {
  readonly successBeforePassing?: number;
  /** Left out: as `failuresBeforeCritical`. */
  readonly failuresBeforeWarning?: number;
  readonly failuresBeforeCritical?: number;
}

/** Failures in a row that a node must see before it turns a check that another node has found healthy. */
const TAKEN_OVER_FAILURES = 2;

/** Results in a row so far; one of the two is 0, but for a check without results. */
export interface Streak {
  readonly successes: number;
  /** Below 0 where more failures are needed than usual. */
  readonly failures: number;
}

/** Of a check without results: so long already that the first result counts, whatever it is. */
export function newStreak(thresholds: Thresholds): Streak {
  const { successBeforePassing = 0, failuresBeforeCritical = 0 } = thresholds;
  return { successes: successBeforePassing, failures: failuresBeforeCritical };
}

/**
 * Of a check that somebody else has run until now: as long as its status needs, so that it is not turned by less.
 *
 * A healthy one needs two failures at least: the first may tell of the way from here to it.
 */
export function continuedStreak(thresholds: Thresholds, status: CheckStatus): Streak {
  const { successes, failures } = newStreak(thresholds);
  if (status === 'critical') return { successes: 0, failures };
  return { successes, failures: Math.min(0, failures - TAKEN_OVER_FAILURES) };
}

export interface Verdict {
  readonly streak: Streak;
  /** Undefined while the streak is too short to change anything. */
  readonly status: CheckStatus | undefined;
}

/** What a result makes of a streak; a warning counts as a success. */
export function judge(thresholds: Thresholds, streak: Streak, result: CheckStatus): Verdict {
  const { successBeforePassing = 0, failuresBeforeCritical = 0 } = thresholds;
  if (result !== 'critical') {
    const successes = streak.successes + 1;
    const next = { successes, failures: 0 };
    return { streak: next, status: successes >= successBeforePassing ? result : undefined };
  }
  const failures = streak.failures + 1;
  const next = { successes: 0, failures };
  if (failures >= failuresBeforeCritical) return { streak: next, status: 'critical' };
  const beforeWarning = thresholds.failuresBeforeWarning ?? 0;
  const warns = beforeWarning > 0 && failures >= beforeWarning;
  return { streak: next, status: warns ? 'warning' : undefined };
}
