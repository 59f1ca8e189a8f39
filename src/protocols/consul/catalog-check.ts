import type { CheckRegistration } from '../../core/index.ts';
import { isStatus } from './check-definition.ts';
import { badRequest } from './errors.ts';
import { duration, isObject, json, name, struct, text } from './go-decode.ts';
import { formatGoDuration } from './go-duration.ts';
import { consulExtensions } from './service-definition.ts';

/** A check as it is written into the catalog: a result, with how somebody else came by it. */
export const healthCheck = struct('HealthCheck', {
  Node: name,
  CheckID: name,
  Name: name,
  Status: text,
  Notes: text,
  Output: text,
  ServiceID: name,
  Type: text,
  Interval: text,
  Timeout: text,
  Definition: json,
});

type HealthCheck = ReturnType<typeof healthCheck>;

/** Fields of a definition that name what is checked, in the order in which they decide its type. */
const TYPES: readonly (readonly [field: string, type: string])[] = [
  ['GRPC', 'grpc'],
  ['HTTP', 'http'],
  ['TTL', 'ttl'],
  ['TCP', 'tcp'],
  ['UDP', 'udp'],
  ['AliasService', 'alias'],
  ['AliasNode', 'alias'],
  ['H2PING', 'h2ping'],
  ['OSService', 'os_service'],
];
const DURATIONS = ['Interval', 'Timeout', 'DeregisterCriticalServiceAfter'];

/** The check as registered from outside: its status counts, and nobody here runs it. */
export function externalCheck(check: HealthCheck, node: string): CheckRegistration {
  const { Status, Interval, Timeout } = check;
  if (Status !== '' && !isStatus(Status)) throw badRequest(`Invalid check status: '${Status}'`);
  const Definition = definitionOf(check.Definition);
  const Type = check.Type || (TYPES.find(([field]) => isGiven(Definition?.[field]))?.[1] ?? '');
  return {
    node,
    id: check.CheckID === '' ? check.Name : check.CheckID,
    name: check.Name,
    instanceId: check.ServiceID,
    status: Status === '' ? 'critical' : Status,
    notes: check.Notes,
    output: check.Output,
    source: { kind: 'external' },
    deregisterAfterMs: 0,
    overwriteStatus: true,
    ...consulExtensions({ Type, Interval, Timeout, Definition }),
  };
}

/** A definition without its empty fields, durations first and as text; undefined when nothing is left. */
function definitionOf(definition: unknown): Readonly<Record<string, unknown>> | undefined {
  if (!isObject(definition)) return undefined;
  const durations = DURATIONS.map((field): [string, unknown] => {
    const ms = duration(definition[field] || definition[`${field}Duration`], {
      type: 'HealthCheckDefinition',
      path: `Definition.${field}`,
    });
    return [field, ms === 0 ? undefined : formatGoDuration(ms)];
  });
  const others = Object.entries(definition).filter(
    ([field]) => !DURATIONS.includes(field.replace(/Duration$/, '')),
  );
  const given = [...durations, ...others].filter(([, value]) => isGiven(value));
  return given.length === 0 ? undefined : Object.fromEntries(given);
}

function isGiven(value: unknown): boolean {
  return value !== undefined && value !== null && value !== '' && value !== 0 && value !== false;
}
