import { RollcallError, type Revision, type RingMember, type ServicePolicy } from '../core/index.ts';
import { buildRingSteps, ZonedRing, type Hashes, type Ring, type Steps } from '../core/ring/index.ts';
import type { Clock } from '../platform/clock.ts';

/** A service's ring as of a revision. */
export interface ServiceRing {
  readonly revision: Revision;
  readonly policy: ServicePolicy;
  readonly ring: Ring<RingMember>;
  /** The same ring, for lookups that spread over zones. */
  readonly zoned: ZonedRing<RingMember>;
}

/** Longest stretch of such work between two turns of the event loop. */
const TURN_MS = 2;

/** Builds a ring in slices. Throws `policy_not_applicable` for members that the policy cannot place. */
export function* ringSteps(
  revision: Revision,
  policy: ServicePolicy,
  members: readonly RingMember[],
  hashes: Hashes,
): Steps<ServiceRing> {
  try {
    const ring = yield* buildRingSteps(members, policy.placement, hashes);
    return { revision, policy, ring, zoned: new ZonedRing(ring, ({ zone }) => zone) };
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    throw new RollcallError('policy_not_applicable', error.message);
  }
}

/** Does the work between other things: the event loop gets its turn every two milliseconds. `tookMs` is without these. */
export async function inTurns<T>(
  steps: Steps<T>,
  clock: Clock,
): Promise<{ readonly value: T; readonly tookMs: number }> {
  let tookMs = 0;
  for (;;) {
    const from = clock.monotonic();
    do {
      const step = steps.next();
      if (step.done === true) return { value: step.value, tookMs: tookMs + clock.monotonic() - from };
    } while (clock.monotonic() - from < TURN_MS);
    tookMs += clock.monotonic() - from;
    await new Promise((resolve) => setImmediate(resolve));
  }
}
