/** One instance whose heartbeats a test sends, or sent until it fell silent. */
export interface Heartbeater {
  readonly id: string;
  /** When its registration was acknowledged. */
  readonly sinceMs: number;
  /** Its last heartbeat; undefined while it lives. */
  readonly silentSinceMs?: number | undefined;
  /** When it was late itself, by no fault of the registry; what is listed then proves nothing. */
  readonly late?: readonly Span[];
}

/** A heartbeat that was acknowledged. */
export interface Beat {
  /** Who acknowledged it. */
  readonly node?: string;
  readonly startMs: number;
  readonly endMs: number;
}

/** How much sooner than its answer tells a heartbeat may have counted. */
const EARLY_MS = 200;
/** How long after a late heartbeat an instance may still be missing. */
const BACK_WITHIN_MS = 1500;

/** When heartbeats were further apart than the time to live, not counting disturbed time. */
export function lateSpans(beats: readonly Beat[], ttlMs: number, disturbed: readonly Span[]): Span[] {
  return beats.flatMap((beat, at) => {
    const before = beats[at - 1];
    if (before === undefined || undisturbed(before.startMs, beat.endMs, disturbed) < ttlMs - EARLY_MS)
      return [];
    return [{ fromMs: before.startMs + ttlMs - EARLY_MS, toMs: beat.endMs + BACK_WITHIN_MS }];
  });
}

/** What one node listed as healthy. */
export interface Listing {
  readonly node: string;
  /** When the question was sent and when it was answered. */
  readonly startMs: number;
  readonly endMs: number;
  readonly ids: ReadonlySet<string>;
}

/** A span in which the lease clock may have stood still, such as an outage of Redis. */
export interface Span {
  readonly fromMs: number;
  readonly toMs: number;
}

export interface LeaseVerdict {
  /** Instances that lived, and yet were missing from some listing. */
  readonly wronglyExpired: readonly string[];
  /** Instances that fell silent and were still listed after `withinMs` of undisturbed time. */
  readonly overdue: readonly string[];
}

/** Holds every listing to: who heartbeats is in it, and who has been silent for long enough is not. */
export function checkLeases(
  heartbeaters: readonly Heartbeater[],
  listings: readonly Listing[],
  withinMs: number,
  disturbed: readonly Span[] = [],
): LeaseVerdict {
  const wronglyExpired = new Set<string>();
  const overdue = new Set<string>();
  for (const { node, startMs, endMs, ids } of listings)
    for (const { id, sinceMs, silentSinceMs, late = [] } of heartbeaters) {
      const lives = sinceMs < startMs && (silentSinceMs === undefined || silentSinceMs >= endMs);
      const isLate = late.some(({ fromMs, toMs }) => fromMs <= endMs && toMs >= startMs);
      if (lives && !isLate && !ids.has(id)) wronglyExpired.add(`${id} at ${node}`);
      const silentMs = silentSinceMs === undefined ? 0 : undisturbed(silentSinceMs, startMs, disturbed);
      if (silentMs > withinMs && ids.has(id)) overdue.add(`${id} at ${node}`);
    }
  return { wronglyExpired: [...wronglyExpired], overdue: [...overdue] };
}

function undisturbed(fromMs: number, toMs: number, disturbed: readonly Span[]): number {
  const lost = disturbed.reduce(
    (sum, span) => sum + Math.max(0, Math.min(toMs, span.toMs) - Math.max(fromMs, span.fromMs)),
    0,
  );
  return toMs - fromMs - lost;
}
