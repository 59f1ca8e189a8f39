import type { Clock } from '../platform/clock.ts';

/** How often somebody must call `tick` for the event loop to count as running. */
export const TICK_MS = 100;
/** A standstill longer than this makes what the node believes doubtful. */
const STALL_MS = 1000;
/** Longest that verdicts are withheld after a standstill. */
const MAX_DOUBT_MS = 10_000;

/** How far this node may be trusted, by its own judgement. */
export interface NodeConditionStatus {
  /** It stood still a moment ago: what it believes about others may be old news. */
  readonly stalled: boolean;
  /** Standstills since it started, and the longest, in ms. */
  readonly stalls: number;
  readonly longestStallMs: number;
  /** Most of its checks failed at once, so that others run them. */
  readonly suspect: boolean;
  /** Why it is stalled or suspect; '' while it is neither. */
  readonly reason: string;
}

/** What this node knows against itself: standstills of its event loop, and checks that fail all at once. */
export class NodeCondition {
  readonly #clock: Clock;
  /** Undefined while nobody ticks: then nobody can tell. */
  #tickedAt: number | undefined;
  #doubtfulUntil = Number.NEGATIVE_INFINITY;
  #stalls = 0;
  #longestStallMs = 0;
  #stallMs = 0;
  #suspicion: { readonly reason: string; readonly untilMs: number } | undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /**
   * Whether the event loop stood still until just now, or did so a moment ago.
   *
   * True from the first turn after a standstill, before any timer has told of it.
   */
  get stalled(): boolean {
    const now = this.#clock.monotonic();
    return now < this.#doubtfulUntil || this.#lagMs(now) > STALL_MS;
  }

  /** Standstills that are over, for whoever must know whether there was one meanwhile. */
  get stalls(): number {
    return this.#stalls;
  }

  /** Why the node is suspect; '' while it is not. */
  get suspicion(): string {
    const held = this.#suspicion;
    return held !== undefined && this.#clock.monotonic() < held.untilMs ? held.reason : '';
  }

  /** Tells that the event loop turns; answers the standstill it ends, in ms, or 0. */
  tick(): number {
    const now = this.#clock.monotonic();
    const lagMs = Math.round(this.#lagMs(now));
    this.#tickedAt = now;
    if (lagMs <= STALL_MS) return 0;
    this.#stalls++;
    this.#stallMs = lagMs;
    this.#longestStallMs = Math.max(this.#longestStallMs, lagMs);
    // What piled up meanwhile, heartbeats among it, needs about as long to be worked off.
    this.#doubtfulUntil = now + Math.min(lagMs, MAX_DOUBT_MS);
    return lagMs;
  }

  /** Nobody ticks any more. */
  rest(): void {
    this.#tickedAt = undefined;
  }

  /** Makes the node suspect for a while. */
  suspect(reason: string, forMs: number): void {
    this.#suspicion = { reason, untilMs: this.#clock.monotonic() + forMs };
  }

  status(): NodeConditionStatus {
    const { stalled, stalls, suspicion } = this;
    return {
      stalled,
      stalls,
      longestStallMs: this.#longestStallMs,
      suspect: suspicion !== '',
      reason: stalled ? `The event loop stood still for ${String(this.#stallMs)} ms` : suspicion,
    };
  }

  #lagMs(now: number): number {
    return this.#tickedAt === undefined ? 0 : now - this.#tickedAt - TICK_MS;
  }
}
