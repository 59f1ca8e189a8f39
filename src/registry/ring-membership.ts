import {
  deepEqual,
  memberOf,
  nodeKey,
  ringPolicyKey,
  topics,
  type Instance,
  type Revision,
  type RingMember,
  type ServicePolicy,
  type State,
  type StateCommit,
} from '../core/index.ts';
import type { RingMakings, RingStart, ServiceRing } from './ring-build.ts';
import { isSameMember, RingHistory, undone, type MemberChange, type RingDelta } from './ring-history.ts';

/**
 * Policy and members of one service's ring, followed commit by commit, and what they were before.
 *
 * Which commits change a ring is told by its topic, so every node sees the same revisions.
 */
export class RingMembership {
  readonly #name: string;
  readonly #members = new Map<string, RingMember>();
  readonly #history: RingHistory;
  #policy: ServicePolicy;
  #revision: Revision;

  /** `before` is the policy in force, and a revision, before the first commit that will be applied; default: the state's. */
  constructor(
    service: string,
    state: State,
    before?: { readonly policy: ServicePolicy; readonly revision: Revision },
  ) {
    this.#name = service.toLowerCase();
    this.#policy = before?.policy ?? state.ringPolicy(service);
    this.#revision = before?.revision ?? state.topic(topics.ring(service));
    this.#history = new RingHistory(this.#revision);
    for (const [key, instance] of state.instancesOf(service))
      this.#members.set(key, this.#memberOf(state, key, instance));
  }

  /** Revision of the last change of members or policy. */
  get revision(): Revision {
    return this.#revision;
  }

  get policy(): ServicePolicy {
    return this.#policy;
  }

  /** By instance key, in no particular order. */
  get members(): ReadonlyMap<string, RingMember> {
    return this.#members;
  }

  /** What changed after a revision, up to and with another; undefined where that is not known any more. */
  between(from: Revision, to: Revision): RingDelta | undefined {
    return this.#history.between(from, to);
  }

  /** The revision in force `agoMs` ago; undefined where it is the present one. */
  revisionBefore(nowMs: number, agoMs: number): Revision | undefined {
    const { lastAtMs } = this.#history;
    if (agoMs === 0 || lastAtMs === undefined || lastAtMs <= nowMs - agoMs) return undefined;
    return this.#history.revisionAt(nowMs - agoMs);
  }

  /** Members and policy as they are. */
  get makings(): RingMakings {
    return { revision: this.#revision, policy: this.#policy, members: [...this.#members.values()] };
  }

  /** Members and policy as they were at a revision, and how a later ring differs; undefined where that is forgotten. */
  before(revision: Revision, ring: ServiceRing): { makings: RingMakings; start: RingStart } | undefined {
    const delta = this.#history.between(revision, ring.revision);
    if (delta === undefined) return undefined;
    const changes = undone(delta.changes);
    const members = new Map(ring.ring.members.map((member) => [member.id, member]));
    for (const { key, after } of changes) {
      if (after === undefined) members.delete(key);
      else members.set(key, after);
    }
    const policy = delta.policyBefore ?? ring.policy;
    return { makings: { revision, policy, members: [...members.values()] }, start: { ring, changes } };
  }

  /** Follows a commit that touched the ring's topic; `state` already has it. */
  apply(commit: StateCommit, state: State, atMs: number): void {
    if (commit.revision <= this.#revision) return;
    const policyBefore = this.#policy;
    const touched = new Map<string, Instance | undefined>();
    for (const change of commit.changes) {
      if (change.table === 'ring-policy' && change.key === ringPolicyKey(this.#name)) {
        this.#policy = state.ringPolicy(this.#name);
      } else if (change.table === 'instance') {
        const instance = change.value as Instance | undefined;
        const isOurs = instance?.service.toLowerCase() === this.#name;
        if (isOurs || this.#members.has(change.key)) touched.set(change.key, isOurs ? instance : undefined);
      } else if (change.table === 'node') this.#addMembersOn(state, change.key, touched);
    }
    const isNewPolicy = this.#policy !== policyBefore;
    if (isNewPolicy) for (const [key, instance] of state.instancesOf(this.#name)) touched.set(key, instance);
    this.#step(state, commit.revision, atMs, touched, isNewPolicy ? policyBefore : undefined, false);
  }

  /** Follows a new snapshot: nobody can tell what happened in between. */
  reload(state: State, atMs: number): void {
    const policyBefore = this.#policy;
    this.#policy = state.ringPolicy(this.#name);
    const touched = new Map<string, Instance | undefined>();
    for (const key of this.#members.keys()) touched.set(key, undefined);
    for (const [key, instance] of state.instancesOf(this.#name)) touched.set(key, instance);
    const isNewPolicy = !deepEqual(this.#policy, policyBefore);
    const revision = state.topic(topics.ring(this.#name));
    this.#step(state, revision, atMs, touched, isNewPolicy ? policyBefore : undefined, true);
  }

  #addMembersOn(state: State, node: string, touched: Map<string, Instance | undefined>): void {
    for (const [key, instance] of state.instancesOn(node))
      if (this.#members.has(key) && !touched.has(key)) touched.set(key, instance);
  }

  #step(
    state: State,
    to: Revision,
    atMs: number,
    touched: ReadonlyMap<string, Instance | undefined>,
    policyBefore: ServicePolicy | undefined,
    isGap: boolean,
  ): void {
    const changes: MemberChange[] = [];
    for (const [key, instance] of touched) {
      const before = this.#members.get(key);
      const after = instance && this.#memberOf(state, key, instance);
      if (isSameMember(before, after)) continue;
      changes.push({ key, before, after });
      if (after === undefined) this.#members.delete(key);
      else this.#members.set(key, after);
    }
    if (to === this.#revision && changes.length === 0) return;
    this.#history.add({ from: this.#revision, to, atMs, changes, policyBefore, isGap });
    this.#revision = to;
  }

  #memberOf(state: State, key: string, instance: Instance): RingMember {
    return memberOf(key, instance, state.nodes.get(nodeKey(instance.node)), this.#policy);
  }
}
