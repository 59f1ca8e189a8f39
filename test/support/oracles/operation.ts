/**
 * How an operation ended, as its client knows: applied, refused with nothing changed, or unknown.
 *
 * An unknown one may take effect at any later time, or never.
 */
export type Outcome = 'ok' | 'refused' | 'unknown';

/** One operation on one key, as the client that made it saw it; times are of one monotonic clock, in ms. */
export interface Operation {
  readonly client: string;
  readonly kind: 'write' | 'read' | 'cas';
  readonly key: string;
  /** What was written, or read; undefined where the key was absent. */
  readonly value: string | undefined;
  /** `cas` only: what the key had to hold; undefined stands for "absent". */
  readonly expected?: string | undefined;
  readonly startMs: number;
  readonly endMs: number;
  readonly outcome: Outcome;
  /** Revision of the write, or of what was read; 0 for an absent key. Known for most that are `ok`. */
  readonly revision?: number | undefined;
}
