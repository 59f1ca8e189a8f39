export type SessionBehavior = 'release' | 'delete';

/** Somebody alive on a node, as long as checks and a lease say so; what locks are held by. */
export interface Session {
  /** UUID in lower case. */
  readonly id: string;
  readonly name: string;
  readonly node: string;
  /** How long nobody may take a lock that was lost with this session. */
  readonly lockDelayMs: number;
  /** What becomes of held keys when the session ends. */
  readonly behavior: SessionBehavior;
  /** The session lives at least this long after a renewal, and at most twice as long; 0 = for ever. */
  readonly ttlMs: number;
  /** Ids of checks on the node; the session ends when one turns critical or goes. */
  readonly checks: readonly string[];
  /** What only one dialect knows, under its name. */
  readonly extensions?: Readonly<Record<string, unknown>>;
}

/** A key that nobody may lock for now, because a session ended that held it. */
export interface LockDelay {
  readonly key: string;
  readonly delayMs: number;
}

/** The times to live that a session may ask for, beside none. */
export const SESSION_TTL_MS = { min: 10_000, max: 86_400_000 } as const;

const MAX_SLACK_MS = 500;

/**
 * How long a session's lease runs from one renewal.
 *
 * Clients count on twice the time to live, so as not to lose a lock over one slow renewal; what is taken off
 * leaves the sweeper time to notice.
 */
export function sessionLeaseMs({ ttlMs }: Session): number {
  return 2 * ttlMs - Math.min(MAX_SLACK_MS, ttlMs / 4);
}
