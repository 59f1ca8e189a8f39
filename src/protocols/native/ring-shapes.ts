import { splitKey, type RingMember, type ServicePolicy } from '../../core/index.ts';
import type { Movement } from '../../core/ring/index.ts';
import type { MemberChange, Placed, ServiceRing } from '../../registry/index.ts';

const MAX_FLOWS = 1000;

export function locatedShape({ instance, node }: Placed) {
  const address = instance.address === '' ? node.address : instance.address;
  return { id: instance.id, node: node.name, address, port: instance.port };
}

/** A member by what names its instance. */
export function namedShape({ id: key }: Pick<RingMember, 'id'>) {
  const [node = '', id = ''] = splitKey(key);
  return { id, node };
}

export function memberShape(member: RingMember) {
  const { hashKey, weight, zone, address, port } = member;
  return { ...namedShape(member), hashKey, weight, ...(zone === '' ? {} : { zone }), address, port };
}

/** A ring with all that a client needs to place keys by itself. */
export function ringShape(service: string, { revision, policy, ring }: ServiceRing) {
  return {
    service,
    revision,
    digest: ring.digest,
    policy: policy.placement,
    points: ring.size,
    members: ring.members.map(memberShape),
  };
}

/** The order of the columns of `compactShape`. */
const FIELDS = ['member', 'hashKey', 'weight', 'zone', 'address', 'port', 'node', 'id'] as const;

/** As `ringShape`, with a row for each member; `member` is the id that the digest is made of. */
export function compactShape(service: string, { revision, policy, ring }: ServiceRing) {
  const members = ring.members.map((member) => {
    const { id, hashKey, weight, zone, address, port } = member;
    const named = namedShape(member);
    return [id, hashKey, weight, zone, address, port, named.node, named.id];
  });
  return { service, revision, digest: ring.digest, policy: policy.placement, fields: FIELDS, members };
}

export function changesShape(changes: readonly MemberChange[]) {
  const added = changes.flatMap(({ before, after }) => (before === undefined && after ? [after] : []));
  const removed = changes.flatMap(({ before, after }) => (after === undefined && before ? [before] : []));
  const changed = changes.flatMap(({ before, after }) => (before && after ? [{ before, after }] : []));
  return {
    added: added.map(memberShape),
    removed: removed.map(memberShape),
    changed: changed.map(({ before, after }) => ({ ...memberShape(after), before: memberShape(before) })),
  };
}

/** The movement of keys between two rings; shares are of all keys, 0 to 1. */
export function movementShape(movement: Movement, before: ServiceRing, after: ServiceRing) {
  const members = new Map([...before.ring.members, ...after.ring.members].map((each) => [each.id, each]));
  const named = (id: string | undefined) => {
    const member = id === undefined ? undefined : members.get(id);
    return member === undefined ? null : namedShape(member);
  };
  const { basis, errorBound, movedShare, flows, flowsLeftOut, ranges, rangesLeftOut } = movement;
  return {
    basis,
    errorBound,
    movedShare,
    flows: flows
      .slice(0, MAX_FLOWS)
      .map(({ from, to, share }) => ({ from: named(from), to: named(to), share })),
    flowsLeftOut: flowsLeftOut + Math.max(0, flows.length - MAX_FLOWS),
    ranges: ranges.map(({ first, last, from, to }) => ({ first, last, from: named(from), to: named(to) })),
    rangesLeftOut,
    peakToAverage: { before: movement.before.peakToAverage, after: movement.after.peakToAverage },
  };
}

export function policyShape(policy: ServicePolicy, revision: number) {
  const { service, placement, hashKeyMeta, zoneMeta, handOverMs, loadFactorPercent } = policy;
  return {
    service,
    revision,
    isDefault: revision === 0,
    ...placement,
    hashKeyMeta,
    zoneMeta,
    handOverMs,
    loadFactorPercent,
  };
}
