import { ringPolicyFrom, RollcallError } from '../../core/index.ts';
import type { Route, RouteRequest, RouteResponse } from '../../http/index.ts';
import {
  ringPolicyQuery,
  type PolicyOutcome,
  type PolicyWrite,
  type Registry,
} from '../../registry/index.ts';
import { json } from './answer.ts';
import { flagOf, integerOf, jsonBody } from './read-query.ts';
import { MAX_RANGES } from './ring-parameters.ts';
import { movementShape, policyShape } from './ring-shapes.ts';

const PATH = '/api/v1/services/{service}/ring/policy';
const BODY_LIMIT_BYTES = 16 * 1024;

/** How the ring of a service is made: read, changed, reset. */
export function ringPolicyRoutes(registry: Registry): Route[] {
  return [
    { method: 'GET', path: PATH, handle: (request) => read(registry, request) },
    {
      method: 'PUT',
      path: PATH,
      bodyLimitBytes: BODY_LIMIT_BYTES,
      handle: async (request) => {
        const policy = ringPolicyFrom(request.params['service'] ?? '', jsonBody(request.body));
        return changed(registry, request, await registry.ringPolicies.put(policy, writeOf(request)));
      },
    },
    {
      method: 'DELETE',
      path: PATH,
      bodyLimitBytes: BODY_LIMIT_BYTES,
      handle: async (request) => {
        const service = request.params['service'] ?? '';
        return changed(registry, request, await registry.ringPolicies.delete(service, writeOf(request)));
      },
    },
  ];
}

async function read({ reads }: Registry, { params }: RouteRequest): Promise<RouteResponse> {
  const answer = await reads.read(ringPolicyQuery(params['service'] ?? ''), { mode: 'default' });
  const { policy, revision } = answer.value;
  return withETag(json(policyShape(policy, revision), answer), revision);
}

function changed(
  { reads }: Registry,
  { query }: RouteRequest,
  { policy, revision, effect }: PolicyOutcome,
): RouteResponse {
  const isDryRun = flagOf(query, 'dry-run');
  const shown = {
    ...policyShape(policy, revision),
    isDryRun,
    ring: effect && {
      before: { revision: effect.before.revision, digest: effect.before.ring.digest },
      after: {
        ...(isDryRun ? {} : { revision: effect.after.revision }),
        digest: effect.after.ring.digest,
      },
      movement: movementShape(effect.movement, effect.before, effect.after),
    },
  };
  const response = json(shown, reads.freshness());
  return isDryRun ? response : withETag(response, revision);
}

function writeOf({ query, headers }: RouteRequest): PolicyWrite {
  const isDryRun = flagOf(query, 'dry-run');
  const maxRanges = integerOf(query, 'ranges', [0, MAX_RANGES], 0);
  const policyRevision = expectedRevision(headers['if-match'], headers['if-none-match']);
  const digest = query.get('digest');
  if (digest !== null && !/^[0-9a-f]{16}$/.test(digest))
    throw new RollcallError('invalid_request', '"digest" must be 16 hex digits');
  return {
    isDryRun,
    maxRanges,
    ...(policyRevision === undefined ? {} : { policyRevision }),
    ...(digest === null ? {} : { digest }),
  };
}

/** `If-Match: "<revision>"`, and `If-None-Match: *` for a policy that is not there yet. */
function expectedRevision(ifMatch: string | undefined, ifNoneMatch: string | undefined): number | undefined {
  if (ifNoneMatch === '*') return 0;
  if (ifNoneMatch !== undefined)
    throw new RollcallError('invalid_request', '"If-None-Match" must be * where it is given');
  if (ifMatch === undefined) return undefined;
  const [, digits] = /^"(\d{1,16})"$/.exec(ifMatch) ?? [];
  if (digits !== undefined) return Number(digits);
  throw new RollcallError('invalid_request', '"If-Match" must be the ETag of a policy, such as "12"');
}

function withETag(response: RouteResponse, revision: number): RouteResponse {
  return { ...response, headers: { ...response.headers, ETag: `"${revision}"` } };
}
