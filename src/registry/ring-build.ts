import {
  deepEqual,
  RollcallError,
  type Revision,
  type RingMember,
  type ServicePolicy,
} from '../core/index.ts';
import { buildRingSteps, type Hashes, type Ring, type RingChange, type Steps } from '../core/ring/index.ts';
import type { Clock } from '../platform/clock.ts';
import { EventLoopTurns } from './event-loop-turns.ts';
import type { MemberChange } from './ring-history.ts';

/** A service's ring as of a revision. */
export interface ServiceRing {
  readonly revision: Revision;
  readonly policy: ServicePolicy;
  readonly ring: Ring<RingMember>;
}

/** Longest stretch of such work between two iterations of the event loop. */
const TURN_MS = 2;
/** There is one event loop, whatever else there is two of. */
const turns = new EventLoopTurns();

/** What a ring is made of. */
export interface RingMakings {
  readonly revision: Revision;
  readonly policy: ServicePolicy;
  readonly members: readonly RingMember[];
}

/** A ring that is there already, and how the one to build differs from it. */
export interface RingStart {
  readonly ring: ServiceRing;
  readonly changes: readonly MemberChange[];
}

/**
 * Builds a ring in slices, from another one where that is given and placed by the same policy.
 *
 * Throws `policy_not_applicable` for members that the policy cannot place.
 */
export function* ringSteps(makings: RingMakings, hashes: Hashes, start?: RingStart): Steps<ServiceRing> {
  const { revision, policy } = makings;
  try {
    const ring =
      start !== undefined && deepEqual(start.ring.policy.placement, policy.placement)
        ? yield* start.ring.ring.withSteps(changeOf(start.changes))
        : yield* buildRingSteps(makings.members, policy.placement, hashes);
    return { revision, policy, ring };
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    throw new RollcallError('policy_not_applicable', error.message);
  }
}

function changeOf(changes: readonly MemberChange[]): RingChange<RingMember> {
  return {
    put: changes.flatMap(({ after }) => after ?? []),
    remove: changes.flatMap(({ before, after }) => (after === undefined && before ? [before.id] : [])),
  };
}

/** Does the work between other things, two milliseconds of all such work at a time; `tookMs` is without these. */
export async function inTurns<T>(
  steps: Steps<T>,
  clock: Clock,
): Promise<{ readonly value: T; readonly tookMs: number }> {
  let tookMs = 0;
  for (;;) {
    await turns.next();
    const from = clock.monotonic();
    do {
      const step = steps.next();
      if (step.done === true) return { value: step.value, tookMs: tookMs + clock.monotonic() - from };
    } while (clock.monotonic() - from < TURN_MS);
    tookMs += clock.monotonic() - from;
  }
}
