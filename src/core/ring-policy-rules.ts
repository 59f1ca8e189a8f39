import { Drafting, type Decision } from './draft.ts';
import { RollcallError } from './errors.ts';
import type { Revision } from './ids.ts';
import { requireName } from './names.ts';
import { ringPolicyKey, type ServicePolicy } from './ring-policy.ts';
import type { State } from './state.ts';
import { topics } from './topics.ts';

/** What must still hold when a policy is written; left out, anything goes. */
export interface PolicyCondition {
  /** Revision of the stored policy, 0 for none. */
  readonly policyRevision?: Revision;
  /** Revision of the ring as it was previewed. */
  readonly ringRevision?: Revision;
}

/** Decides to keep a policy. Throws `revision_mismatch` and `ring_changed` where a condition does not hold. */
export function decideRingPolicyPut(
  state: State,
  policy: ServicePolicy,
  condition: PolicyCondition = {},
): Decision<void> {
  requireName('The service name', policy.service);
  const draft = conditional(state, policy.service, condition);
  const held = state.ringPolicies.get(ringPolicyKey(policy.service));
  draft.put('ring-policy', { ...policy, service: held?.service ?? policy.service });
  return { draft: draft.build(), result: undefined };
}

/** Decides to go back to the default, which may be so already. Throws as `decideRingPolicyPut`. */
export function decideRingPolicyDelete(
  state: State,
  service: string,
  condition: PolicyCondition = {},
): Decision<void> {
  const draft = conditional(state, service, condition);
  draft.delete('ring-policy', ringPolicyKey(service));
  return { draft: draft.build(), result: undefined };
}

function conditional(state: State, service: string, condition: PolicyCondition): Drafting {
  const { policyRevision, ringRevision } = condition;
  const held = state.ringPolicies.get(ringPolicyKey(service))?.modifyRevision ?? 0;
  if (policyRevision !== undefined && policyRevision !== held)
    throw new RollcallError('revision_mismatch', `The policy is at revision ${held}, not ${policyRevision}`);
  const draft = new Drafting(state);
  if (ringRevision === undefined) return draft;
  const ringAt = state.topic(topics.ring(service));
  if (ringRevision !== ringAt)
    throw new RollcallError('ring_changed', `The ring is at revision ${ringAt}, not ${ringRevision}`);
  draft.requireTopic(topics.ring(service));
  return draft;
}
