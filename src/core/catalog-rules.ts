import type { Check, CheckStatus, Instance, Node } from './catalog.ts';
import { Drafting, type Decision } from './draft.ts';
import { RollcallError } from './errors.ts';
import { checkKey, instanceKey, nodeKey } from './ids.ts';
import { MAX_WEIGHT } from './ring/index.ts';
import { requireName } from './names.ts';
import { checkLease, deregisterLease, leasesOf } from './lease.ts';
import { draftCheckLoss, draftNodeLoss } from './session-rules.ts';
import type { State } from './state.ts';
import { topics } from './topics.ts';

/** A check to register; a status left out means "as it was, else critical". */
export interface CheckRegistration extends Omit<Check, 'status' | 'output'> {
  readonly status?: CheckStatus;
  readonly output?: string;
  /** Whether `status` and `output` win over those of a check that exists already. */
  readonly overwriteStatus: boolean;
}

export interface Registration {
  /** Created, or updated when it differs; left out, the node must exist. */
  readonly node?: Node;
  /** Take the node as it is when it exists, and create it only when it does not. */
  readonly keepNode: boolean;
  readonly instance?: Instance;
  /** An instance whose place the new one takes, because it has moved to another node; absent is fine. */
  readonly replaces?: { readonly node: string; readonly id: string };
  readonly checks: readonly CheckRegistration[];
  /** Drop checks of the instance that are not listed. */
  readonly replaceChecks: boolean;
  /** Checks to drop; absent ones are fine. */
  readonly dropsChecks?: readonly { readonly node: string; readonly id: string }[];
}

/**
 * Decides a registration of a node, an instance and checks, all at once.
 *
 * Throws `invalid_request` for names that are not text and weights out of 0..65,535,
 * `node_not_found`, `node_name_taken`, or `instance_not_found` when a check names an instance that
 * neither exists nor is registered here.
 */
export function decideRegister(state: State, registration: Registration): Decision<void> {
  requireNames(registration);
  const draft = new Drafting(state);
  const { replaces } = registration;
  if (replaces !== undefined && state.instances.has(instanceKey(replaces.node, replaces.id))) {
    draftDeregisterInstance(draft, state, replaces.node, replaces.id);
  }
  if (registration.node !== undefined) draftNode(draft, state, registration.node, registration.keepNode);
  const { instance } = registration;
  if (instance !== undefined) draftInstance(draft, instance);
  for (const { node, id } of registration.dropsChecks ?? []) {
    if (state.checks.has(checkKey(node, id))) draftDeregisterCheck(draft, state, node, id);
  }
  for (const check of registration.checks) draftCheck(draft, state, check);
  if (instance !== undefined && registration.replaceChecks) {
    const listed = new Set(registration.checks.map((check) => check.id));
    for (const check of checksOfInstance(draft, state, instance.node, instance.id)) {
      if (!listed.has(check.id)) draftDeregisterCheck(draft, state, check.node, check.id);
    }
  }
  return { draft: draft.build(), result: undefined };
}

/** Decides the removal of an instance with its checks. Throws `instance_not_found`. */
export function decideDeregisterInstance(state: State, node: string, id: string): Decision<void> {
  if (!state.instances.has(instanceKey(node, id))) {
    throw new RollcallError('instance_not_found', `Unknown instance "${id}" on node "${node}"`);
  }
  const draft = new Drafting(state);
  draftDeregisterInstance(draft, state, node, id);
  return { draft: draft.build(), result: undefined };
}

/** Decides the removal of a check. Throws `check_not_found`. */
export function decideDeregisterCheck(state: State, node: string, id: string): Decision<void> {
  if (!state.checks.has(checkKey(node, id)))
    throw new RollcallError('check_not_found', `Unknown check "${id}"`);
  const draft = new Drafting(state);
  draftDeregisterCheck(draft, state, node, id);
  return { draft: draft.build(), result: undefined };
}

/** Decides the removal of a node with everything on it. Throws `node_not_found`. */
export function decideDeregisterNode(state: State, name: string): Decision<void> {
  if (state.node(name) === undefined) throw new RollcallError('node_not_found', `Unknown node "${name}"`);
  const draft = new Drafting(state);
  draftDeregisterNode(draft, state, name);
  return { draft: draft.build(), result: undefined };
}

/** Drafts the removal of an instance, its checks and their leases. */
export function draftDeregisterInstance(draft: Drafting, state: State, node: string, id: string): void {
  const key = instanceKey(node, id);
  const service = state.instances.get(key)?.service ?? '';
  const isTransient = draft.peek('node', nodeKey(node))?.transient === true;
  draft.requireRecord('node', nodeKey(node));
  // On a node that stays thousands may come and go all the time; a new check of this one touches its service.
  draft.requireTopic(isTransient ? topics.node(node) : topics.service(service));
  draft.delete('instance', key);
  for (const check of checksOfInstance(draft, state, node, id))
    draftDeregisterCheck(draft, state, check.node, check.id);
  if (isTransient && instancesOnNode(draft, state, node).length === 0)
    draftDeregisterNode(draft, state, node);
}

/** Drafts the removal of a node with everything on it, sessions included. */
export function draftDeregisterNode(draft: Drafting, state: State, name: string): void {
  draft.requireTopic(topics.node(name));
  draft.delete('node', nodeKey(name));
  for (const instance of instancesOnNode(draft, state, name))
    draft.delete('instance', instanceKey(name, instance.id));
  const isOnNode = (check: Check) => nodeKey(check.node) === nodeKey(name);
  for (const check of draft.among('check', state.checksOn(name), isOnNode).values())
    draftDeregisterCheck(draft, state, name, check.id);
  draftNodeLoss(draft, state, name);
}

/** Drafts the removal of a check and its leases, and the end of the sessions that rely on it. */
export function draftDeregisterCheck(draft: Drafting, state: State, node: string, id: string): void {
  draft.delete('check', checkKey(node, id));
  draft.revoke(checkLease(node, id));
  draft.revoke(deregisterLease(node, id));
  draftCheckLoss(draft, state, node, id);
}

/** Drafts a node; with `keep`, as it is where it exists. Throws `node_name_taken`. */
export function draftNode(draft: Drafting, state: State, node: Node, keep: boolean): void {
  const held = draft.peek('node', nodeKey(node.name));
  if (held !== undefined && keep) return;
  if (
    held !== undefined &&
    held.id !== '' &&
    node.id !== '' &&
    held.id !== node.id &&
    isMember(draft, held)
  ) {
    throw new RollcallError(
      'node_name_taken',
      `Node name ${node.name} is reserved by node ${held.id} with name ${held.name} (${held.address})`,
    );
  }
  const renamed = node.id === '' ? undefined : state.nodeById(node.id);
  if (renamed !== undefined && nodeKey(renamed.name) !== nodeKey(node.name))
    draftDeregisterNode(draft, state, renamed.name);
  draft.put('node', node.id === '' && held !== undefined ? { ...node, id: held.id } : node);
}

/** Whether a node is a living member of the registry, known by the check id that Consul reserves for it. */
function isMember(draft: Drafting, { name }: Node): boolean {
  const status = draft.peek('check', checkKey(name, 'serfHealth'))?.status;
  return status !== undefined && status !== 'critical';
}

/** Drafts an instance. Throws `node_not_found`. */
export function draftInstance(draft: Drafting, instance: Instance): void {
  requireNode(draft, instance.node);
  draft.put('instance', instance);
}

/** Drafts a check. Throws `node_not_found` and `instance_not_found`. */
export function draftCheck(draft: Drafting, state: State, registration: CheckRegistration): void {
  const { node, id, instanceId, overwriteStatus } = registration;
  requireNode(draft, node);
  const hostKey = instanceKey(node, instanceId);
  if (instanceId !== '' && draft.peek('instance', hostKey) === undefined) {
    throw new RollcallError('instance_not_found', `Unknown service ID '${instanceId}' for check ID '${id}'`);
  }
  if (instanceId !== '') draft.requireRecord('instance', hostKey);
  const held = draft.peek('check', checkKey(node, id));
  const keep = held !== undefined && !overwriteStatus;
  const check = keep
    ? checkOf(registration, held.status, held.output)
    : checkOf(registration, registration.status ?? 'critical', registration.output ?? '');
  draft.put('check', check);
  draftLeases(draft, held, check);
  if (check.status === 'critical' && held !== undefined && held.status !== 'critical')
    draftCheckLoss(draft, state, check.node, check.id);
}

function checkOf(registration: CheckRegistration, status: CheckStatus, output: string): Check {
  const { node, id, name, instanceId, notes, source, deregisterAfterMs, extensions } = registration;
  const check = { node, id, name, instanceId, notes, source, deregisterAfterMs, status, output };
  return extensions === undefined ? check : { ...check, extensions };
}

/** Grants what the check needs now; a countdown that already runs is left to run. */
function draftLeases(draft: Drafting, held: Check | undefined, check: Check): void {
  const counting = held?.status === 'critical' && held.deregisterAfterMs === check.deregisterAfterMs;
  const wanted = leasesOf(check);
  for (const { lease, ttlMs } of wanted) {
    if (!(counting && lease === deregisterLease(check.node, check.id))) draft.grant(lease, ttlMs);
  }
  const names = new Set(wanted.map(({ lease }) => lease));
  for (const lease of held === undefined ? [] : leasesOf(held).map((each) => each.lease)) {
    if (!names.has(lease)) draft.revoke(lease);
  }
}

function requireNames({ node, instance, checks }: Registration): void {
  if (node !== undefined) requireName('The node name', node.name);
  if (instance !== undefined) {
    requireName('The node name', instance.node);
    requireName('The service id', instance.id);
    requireName('The service name', instance.service);
    for (const weight of Object.values(instance.weights)) {
      if (!Number.isInteger(weight) || weight < 0 || weight > MAX_WEIGHT) {
        throw new RollcallError(
          'invalid_request',
          `A weight must be an integer from 0 to ${String(MAX_WEIGHT)}`,
        );
      }
    }
  }
  for (const check of checks) requireName('The check id', check.id);
}

function requireNode(draft: Drafting, name: string): void {
  if (draft.peek('node', nodeKey(name)) === undefined)
    throw new RollcallError('node_not_found', `Unknown node "${name}"`);
  draft.requireRecord('node', nodeKey(name));
}

function checksOfInstance(draft: Drafting, state: State, node: string, id: string): Check[] {
  const isItsOwn = (check: Check) => nodeKey(check.node) === nodeKey(node) && check.instanceId === id;
  return [...draft.among('check', state.checksOf(node, id), isItsOwn).values()];
}

function instancesOnNode(draft: Drafting, state: State, node: string): Instance[] {
  const isOnNode = (instance: Instance) => nodeKey(instance.node) === nodeKey(node);
  return [...draft.among('instance', state.instancesOn(node), isOnNode).values()];
}
