import { RollcallError, type CheckStatus } from '../../core/index.ts';
import type { Route } from '../../http/index.ts';
import type { Heartbeat, Registry } from '../../registry/index.ts';
import { json } from './answer.ts';
import { fieldsOf, jsonBody } from './read-query.ts';

const MAX_RENEWALS = 10_000;
const MAX_OUTPUT_LENGTH = 4096;
const BODY_LIMIT_BYTES = 4 * 1024 * 1024;
const FIELDS = ['node', 'check', 'instance', 'status', 'output'];

/** Heartbeats of many checks in one call. */
export function renewalRoutes(registry: Registry): Route[] {
  return [
    {
      method: 'POST',
      path: '/api/v1/renewals',
      bodyLimitBytes: BODY_LIMIT_BYTES,
      handle: async ({ body }) => {
        const { node = registry.identity.agentName, renewals } = fieldsOf(jsonBody(body), [
          'node',
          'renewals',
        ]);
        if (typeof node !== 'string') throw malformed('"node" must be a text');
        if (!Array.isArray(renewals) || renewals.length > MAX_RENEWALS)
          throw malformed(`"renewals" must be a list of at most ${MAX_RENEWALS}`);
        const beats = renewals.map((renewal, index) => heartbeatOf(renewal, index, node));
        return json(await registry.heartbeats.renew(beats), registry.reads.freshness());
      },
    },
  ];
}

function heartbeatOf(renewal: unknown, index: number, nodeOfAll: string): Heartbeat {
  if (typeof renewal === 'string') return { node: nodeOfAll, checkId: renewal };
  const what = `Renewal ${index}`;
  const { node = nodeOfAll, check, instance, ...told } = fieldsOf(renewal, FIELDS, what);
  if (typeof node !== 'string') throw malformed(`${what}: "node" must be a text`);
  if (typeof check === 'string' && instance === undefined)
    return { node, checkId: check, ...reportOf(told, what) };
  if (typeof instance !== 'string' || check !== undefined)
    throw malformed(`${what} must name either a "check" or an "instance"`);
  if (Object.keys(told).length > 0)
    throw malformed(`${what}: "status" and "output" are of a "check", not of an "instance"`);
  return { node, instanceId: instance };
}

function reportOf({ status, output }: Readonly<Record<string, unknown>>, what: string) {
  if (status !== undefined && !isStatus(status))
    throw malformed(`${what}: "status" must be passing, warning or critical`);
  if (output !== undefined && (typeof output !== 'string' || output.length > MAX_OUTPUT_LENGTH))
    throw malformed(`${what}: "output" must be a text of at most ${MAX_OUTPUT_LENGTH} characters`);
  return { ...(status === undefined ? {} : { status }), ...(output === undefined ? {} : { output }) };
}

function isStatus(value: unknown): value is CheckStatus {
  return value === 'passing' || value === 'warning' || value === 'critical';
}

function malformed(detail: string): RollcallError {
  return new RollcallError('invalid_request', detail);
}
