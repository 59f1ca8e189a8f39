import { instanceKey, ringPolicyFrom, RollcallError } from '../../core/index.ts';
import { MAX_WEIGHT } from '../../core/ring/index.ts';
import type { Route, RouteRequest, RouteResponse } from '../../http/index.ts';
import type { NewMember, Registry, RingProposal } from '../../registry/index.ts';
import { json } from './answer.ts';
import { fieldsOf, integerOf, jsonBody } from './read-query.ts';
import { MAX_RANGES } from './ring-parameters.ts';
import { movementShape } from './ring-shapes.ts';

const MAX_CHANGES = 10_000;
const BODY_LIMIT_BYTES = 4 * 1024 * 1024;
const MAX_TEXT_LENGTH = 1024;

/** What a change of a ring would do to its keys. */
export function ringPreviewRoutes(registry: Registry): Route[] {
  return [
    {
      method: 'POST',
      path: '/api/v1/services/{service}/ring/preview',
      bodyLimitBytes: BODY_LIMIT_BYTES,
      handle: (request) => preview(registry, request),
    },
  ];
}

async function preview(
  { ringMovements, reads }: Registry,
  { params, query, body }: RouteRequest,
): Promise<RouteResponse> {
  const service = params['service'] ?? '';
  const maxRanges = integerOf(query, 'ranges', [0, MAX_RANGES], 0);
  const { before, after, movement } = await ringMovements.preview(
    service,
    proposalOf(service, body),
    maxRanges,
  );
  const shown = {
    service,
    revision: before.revision,
    before: {
      digest: before.ring.digest,
      policy: before.policy.placement,
      members: before.ring.members.length,
    },
    after: { digest: after.ring.digest, policy: after.policy.placement, members: after.ring.members.length },
    movement: movementShape(movement, before, after),
  };
  return json(shown, reads.freshness());
}

function proposalOf(service: string, body: Uint8Array): RingProposal {
  const { add, remove, reweight, policy } = fieldsOf(jsonBody(body), ['add', 'remove', 'reweight', 'policy']);
  const reweighted = listOf('reweight', reweight).map((fields, at) => {
    const what = `reweight[${at}]`;
    const { node, id, weight } = fieldsOf(fields, ['node', 'id', 'weight'], what);
    return [keyOf(what, node, id), weightOf(what, weight)] as const;
  });
  return {
    add: listOf('add', add).map(newMember),
    remove: listOf('remove', remove).map((fields, at) => {
      const { node, id } = fieldsOf(fields, ['node', 'id'], `remove[${at}]`);
      return keyOf(`remove[${at}]`, node, id);
    }),
    reweight: new Map(reweighted),
    ...(policy === undefined ? {} : { policy: ringPolicyFrom(service, policy) }),
  };
}

function newMember(fields: unknown, at: number): NewMember {
  const what = `add[${at}]`;
  const { id, hashKey, weight = 1, zone = '' } = fieldsOf(fields, ['id', 'hashKey', 'weight', 'zone'], what);
  const place = text(`${what}.hashKey`, hashKey);
  return {
    name: id === undefined ? place : text(`${what}.id`, id),
    hashKey: place,
    weight: weightOf(what, weight),
    zone: zone === '' ? '' : text(`${what}.zone`, zone),
  };
}

function listOf(name: string, value: unknown): unknown[] {
  if (value === undefined) return [];
  if (Array.isArray(value) && value.length <= MAX_CHANGES) return value;
  throw new RollcallError('invalid_request', `"${name}" must be a list of at most ${MAX_CHANGES} entries`);
}

function keyOf(what: string, node: unknown, id: unknown): string {
  return instanceKey(text(`${what}.node`, node), text(`${what}.id`, id));
}

function weightOf(what: string, weight: unknown): number {
  if (typeof weight === 'number' && Number.isInteger(weight) && weight >= 0 && weight <= MAX_WEIGHT)
    return weight;
  throw new RollcallError('invalid_request', `${what}.weight must be an integer from 0 to ${MAX_WEIGHT}`);
}

function text(what: string, value: unknown): string {
  if (typeof value === 'string' && value !== '' && value.length <= MAX_TEXT_LENGTH && !value.includes('\0'))
    return value;
  throw new RollcallError('invalid_request', `${what} must be a text of 1 to ${MAX_TEXT_LENGTH} characters`);
}
