import {
  decideRingPolicyDelete,
  decideRingPolicyPut,
  DEFAULT_SERVICE_POLICY,
  ringPolicyKey,
  RollcallError,
  topics,
  type Decision,
  type PolicyCondition,
  type Query,
  type Revision,
  type ServicePolicy,
  type State,
} from '../core/index.ts';
import type { View } from '../view/view.ts';
import type { Committer } from './committer.ts';
import type { RingMovements, RingPreview } from './ring-movements.ts';
import type { Rings } from './rings.ts';

/** A policy and since when it is in force: revision 0 is the default, which nobody stored. */
export interface HeldPolicy {
  readonly policy: ServicePolicy;
  readonly revision: Revision;
}

export interface PolicyWrite {
  /** Revision that the stored policy must have, 0 for none; left out: any. */
  readonly policyRevision?: Revision;
  /** Digest that the ring must have, as a preview told it; left out: any. */
  readonly digest?: string;
  /** Changes nothing, and answers what would be. */
  readonly isDryRun: boolean;
  readonly maxRanges: number;
}

/** What a change of policy does, or would do. */
export interface PolicyOutcome extends HeldPolicy {
  /** Undefined where the service has no instances. */
  readonly effect: RingPreview | undefined;
}

interface Deps {
  readonly committer: Committer;
  readonly view: View;
  readonly rings: Rings;
  readonly movements: RingMovements;
}

/** Reads and writes the policies of rings, which all nodes share. */
export class RingPolicies {
  readonly #deps: Deps;

  constructor(deps: Deps) {
    this.#deps = deps;
  }

  /**
   * Keeps a policy, once it is known that the present instances can be placed by it.
   *
   * Throws `policy_not_applicable`, `revision_mismatch`, `ring_changed`, and what a commit throws.
   */
  async put(policy: ServicePolicy, write: PolicyWrite): Promise<PolicyOutcome> {
    return this.#change(policy, write, (state, condition) => decideRingPolicyPut(state, policy, condition));
  }

  /** Goes back to the default; throws as `put`. */
  async delete(service: string, write: PolicyWrite): Promise<PolicyOutcome> {
    const policy = { service, ...DEFAULT_SERVICE_POLICY };
    return this.#change(policy, write, (state, condition) =>
      decideRingPolicyDelete(state, service, condition),
    );
  }

  async #change(policy: ServicePolicy, write: PolicyWrite, decide: Decide): Promise<PolicyOutcome> {
    const { committer, view, rings } = this.#deps;
    await committer.catchUp();
    const preview = await this.#preview(policy, write.maxRanges);
    const ringRevision = boundRevision(preview, write.digest);
    const { policyRevision } = write;
    const condition = {
      ...(policyRevision === undefined ? {} : { policyRevision }),
      ...(ringRevision === undefined ? {} : { ringRevision }),
    };
    if (write.isDryRun) {
      decide(view.state, condition);
      return { policy, revision: 0, effect: preview };
    }
    await committer.commit((state) => decide(state, condition));
    const held = ringPolicyQuery(policy.service).run(view.state);
    if (preview === undefined) return { ...held, effect: undefined };
    return { ...held, effect: { ...preview, after: await rings.tracked(policy.service).current() } };
  }

  async #preview(policy: ServicePolicy, maxRanges: number): Promise<RingPreview | undefined> {
    const { rings, movements } = this.#deps;
    if (rings.tracked(policy.service).membership.members.size === 0) return undefined;
    const proposal = { add: [], remove: [], reweight: new Map<string, number>(), policy };
    return movements.preview(policy.service, proposal, maxRanges);
  }
}

type Decide = (state: State, condition: PolicyCondition) => Decision<void>;

/** The revision of the ring that a write is bound to by its digest. */
function boundRevision(preview: RingPreview | undefined, digest: string | undefined): Revision | undefined {
  if (digest === undefined) return undefined;
  const before = preview?.before;
  if (digest === before?.ring.digest) return before.revision;
  throw new RollcallError('ring_changed', `The digest of the ring is ${before?.ring.digest ?? 'none'}`);
}

/** The policy of a service; its index moves with the ring. */
export function ringPolicyQuery(service: string): Query<HeldPolicy> {
  return {
    topics: [topics.ring(service)],
    index: (state) => state.topic(topics.ring(service)),
    run: (state) => ({
      policy: state.ringPolicy(service),
      revision: state.ringPolicies.get(ringPolicyKey(service))?.modifyRevision ?? 0,
    }),
  };
}
