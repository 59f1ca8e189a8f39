import type { Revision, RingMember, ServicePolicy } from '../core/index.ts';

/** What became of one member; `before` or `after` is undefined where it came or went. */
export interface MemberChange {
  readonly key: string;
  readonly before: RingMember | undefined;
  readonly after: RingMember | undefined;
}

/** From one ring of a service to the next. */
export interface RingStep {
  readonly from: Revision;
  readonly to: Revision;
  /** When this node learned of it, on its monotonic clock. */
  readonly atMs: number;
  readonly changes: readonly MemberChange[];
  /** The policy that this step changed; undefined where it did not. */
  readonly policyBefore: ServicePolicy | undefined;
  /** Nobody can tell what the ring was like between `from` and `to`. */
  readonly isGap: boolean;
}

/** All that changed after a revision, each member once. */
export interface RingDelta {
  readonly changes: readonly MemberChange[];
  /** The policy as it was, where it changed. */
  readonly policyBefore: ServicePolicy | undefined;
}

/** The changes that take back others. */
export function undone(changes: readonly MemberChange[]): MemberChange[] {
  return changes.map(({ key, before, after }) => ({ key, before: after, after: before }));
}

/** Changes of members that the history of one ring holds at most. */
const MAX_CHANGES = 4096;

/** The last changes of one ring, as far back as there is room for. */
export class RingHistory {
  readonly #steps: RingStep[] = [];
  #changes = 0;
  /** The oldest revision whose ring is known. */
  #floor: Revision;

  constructor(floor: Revision) {
    this.#floor = floor;
  }

  add(step: RingStep): void {
    this.#steps.push(step);
    this.#changes += weightOf(step);
    while (this.#changes > MAX_CHANGES) {
      const dropped = this.#steps.shift();
      if (dropped === undefined) return;
      this.#changes -= weightOf(dropped);
      this.#floor = dropped.to;
    }
  }

  /** What changed after a revision, up to and with another; undefined where that is not known any more. */
  between(from: Revision, to: Revision): RingDelta | undefined {
    if (from < this.#floor) return undefined;
    const later = this.#steps.filter((step) => step.to > from && step.to <= to);
    if (later[0]?.isGap === true && from > later[0].from) return undefined;
    return { changes: folded(later), policyBefore: later.find((step) => step.policyBefore)?.policyBefore };
  }

  /** The revision of the ring that was in force at a time, or of the oldest that is known. */
  revisionAt(atMs: number): Revision {
    for (let index = this.#steps.length - 1; index >= 0; index--) {
      const step = this.#steps[index];
      if (step !== undefined && step.atMs <= atMs) return step.to;
    }
    return this.#steps[0]?.from ?? this.#floor;
  }

  /** When the last step was taken; undefined where there is none. */
  get lastAtMs(): number | undefined {
    return this.#steps.at(-1)?.atMs;
  }
}

/** A change of policy alone takes its room as well. */
function weightOf(step: RingStep): number {
  return Math.max(1, step.changes.length);
}

function folded(steps: readonly RingStep[]): MemberChange[] {
  const changes = new Map<string, MemberChange>();
  for (const { changes: ofStep } of steps) {
    for (const { key, before, after } of ofStep) {
      const held = changes.get(key);
      changes.set(key, { key, before: held === undefined ? before : held.before, after });
    }
  }
  return [...changes.values()].filter(({ before, after }) => !isSameMember(before, after));
}

/** Whether two members are placed and reached alike. */
export function isSameMember(a: RingMember | undefined, b: RingMember | undefined): boolean {
  if (a === undefined || b === undefined) return a === b;
  return (
    a.hashKey === b.hashKey &&
    a.weight === b.weight &&
    a.zone === b.zone &&
    a.address === b.address &&
    a.port === b.port
  );
}
