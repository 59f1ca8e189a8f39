import type { CheckRegistration, CheckSource, CheckStatus } from '../../core/index.ts';
import type { CheckLimits } from './context.ts';
import { badRequest, ConsulError } from './errors.ts';
import { bool, duration, enterprise, int, json, list, map, name, struct, text } from './go-decode.ts';
import { formatGoDuration } from './go-duration.ts';

/** A check as agents are told it: inside a service, on its own, or in a configuration file. */
export const checkDefinition = struct('', {
  ID: name,
  CheckID: name,
  Name: name,
  Notes: text,
  ServiceID: name,
  Status: text,
  TTL: duration,
  Interval: duration,
  Timeout: duration,
  DeregisterCriticalServiceAfter: duration,
  HTTP: text,
  Method: text,
  Header: map(list(text)),
  Body: text,
  DisableRedirects: bool,
  TCP: text,
  TCPUseTLS: bool,
  TLSServerName: text,
  TLSSkipVerify: bool,
  SuccessBeforePassing: int,
  FailuresBeforeWarning: int,
  FailuresBeforeCritical: int,
  OutputMaxSize: int,
  UDP: text,
  GRPC: text,
  H2PING: text,
  OSService: text,
  AliasNode: text,
  AliasService: text,
  ScriptArgs: list(text),
  Args: list(text),
  DockerContainerID: text,
  Shell: json,
  Namespace: enterprise('Namespace', 'Namespaces'),
  Partition: enterprise('Partition', 'Partitions'),
});

export type CheckDefinition = ReturnType<typeof checkDefinition>;

/** What a definition does not say itself. */
export interface CheckPlace {
  readonly node: string;
  /** '' for a check of the whole node. */
  readonly instanceId: string;
  readonly id: string;
  readonly name: string;
}

const DEFAULT_TIMEOUT_MS = 10_000;
const SCRIPTS_DISABLED =
  "Scripts are disabled on this agent from remote calls; to enable, configure 'enable_script_checks' to true";

/** Whether a definition is the empty object, which Consul takes for none. */
export function isEmptyCheck(definition: CheckDefinition): boolean {
  return Object.values(definition).every((value) => !value || (Array.isArray(value) && value.length === 0));
}

/** Throws Consul's texts for contradictions, and for kinds of check that are not executed. */
export function validateCheck(definition: CheckDefinition): void {
  const { Interval, TTL, OutputMaxSize, FailuresBeforeWarning, FailuresBeforeCritical } = definition;
  const kinds = kindsOf(definition);
  const kind = kinds[0] ?? 'ttl';
  const isProbed = kinds.some((each) => each !== 'ttl' && each !== 'alias');
  const isAlias = kinds.includes('alias');
  const contradictions: readonly (readonly [string, boolean])[] = [
    ['Interval and TTL cannot both be specified', Interval > 0 && TTL > 0],
    [
      'Interval must be > 0 for Script, HTTP, H2PING, TCP, UDP or OSService checks',
      isProbed && Interval <= 0,
    ],
    ['Interval cannot be set for Alias checks', isAlias && isProbed],
    ['TTL must be not be set for Alias checks', isAlias && TTL > 0],
    ['TTL must be > 0 for TTL checks', !isProbed && !isAlias && TTL <= 0],
    ['MaxOutputMaxSize must be positive', OutputMaxSize < 0],
    [
      "FailuresBeforeWarning can't be higher than FailuresBeforeCritical",
      FailuresBeforeWarning > FailuresBeforeCritical,
    ],
  ];
  const [reason] = contradictions.find(([, isIt]) => isIt) ?? [];
  if (reason !== undefined) throw badRequest(`Invalid check: ${reason}`);
  if (kind === 'script' || kind === 'docker') throw new ConsulError(500, SCRIPTS_DISABLED);
  if (!EXECUTED.has(kind))
    throw badRequest(`Invalid check: ${kind} checks are not supported; use TTL, HTTP or TCP`);
}

/** Whether a text is one of the three states; the union's only gate. */
export function isStatus(text: string): text is CheckStatus {
  return text === 'passing' || text === 'warning' || text === 'critical';
}

/** A valid definition as the catalog's; an existing check keeps its status and output. */
export function checkRegistration(
  definition: CheckDefinition,
  place: CheckPlace,
  limits: CheckLimits,
): CheckRegistration {
  const { Status, Notes, Interval, Timeout, DeregisterCriticalServiceAfter: deregisterAfterMs } = definition;
  const shown = {
    ...(Interval > 0 ? { Interval: formatGoDuration(Interval) } : {}),
    ...(Timeout > 0 ? { Timeout: formatGoDuration(Timeout) } : {}),
  };
  return {
    ...place,
    notes: Notes,
    source: sourceOf(definition, limits),
    deregisterAfterMs:
      deregisterAfterMs > 0 ? Math.ceil(Math.max(deregisterAfterMs, limits.checkDeregisterMinMs)) : 0,
    overwriteStatus: false,
    ...(isStatus(Status) ? { status: Status } : {}),
    ...(Object.keys(shown).length > 0 ? { extensions: { consul: shown } } : {}),
  };
}

type Kind = 'gRPC' | 'http' | 'ttl' | 'tcp' | 'UDP' | 'alias' | 'docker' | 'script' | 'H2PING' | 'OSService';

const EXECUTED: ReadonlySet<Kind> = new Set<Kind>(['ttl', 'http', 'tcp']);

/** What a definition could be taken for; Consul takes the first. */
function kindsOf(definition: CheckDefinition): Kind[] {
  const kinds: readonly (readonly [Kind, boolean])[] = [
    ['gRPC', definition.GRPC !== ''],
    ['http', definition.HTTP !== ''],
    ['ttl', definition.TTL > 0],
    ['tcp', definition.TCP !== ''],
    ['UDP', definition.UDP !== ''],
    ['alias', definition.AliasNode !== '' || definition.AliasService !== ''],
    ['docker', definition.DockerContainerID !== ''],
    ['script', definition.ScriptArgs.length + definition.Args.length > 0],
    ['H2PING', definition.H2PING !== ''],
    ['OSService', definition.OSService !== ''],
  ];
  return kinds.filter(([, isIt]) => isIt).map(([kind]) => kind);
}

function sourceOf(definition: CheckDefinition, limits: CheckLimits): CheckSource {
  const kind = kindsOf(definition)[0] ?? 'ttl';
  // A store counts whole milliseconds, and a lease of none would be over before it begins.
  if (kind === 'ttl') return { kind: 'ttl', ttlMs: Math.ceil(definition.TTL) };
  const probe = {
    ...thresholds(definition),
    intervalMs: Math.max(definition.Interval, limits.checkIntervalMinMs),
    timeoutMs: definition.Timeout > 0 ? Math.max(1, definition.Timeout) : DEFAULT_TIMEOUT_MS,
    tlsSkipVerify: definition.TLSSkipVerify,
    tlsServerName: definition.TLSServerName,
  };
  if (kind === 'tcp') return { ...probe, kind: 'tcp', target: definition.TCP, tls: definition.TCPUseTLS };
  return {
    ...probe,
    kind: 'http',
    url: definition.HTTP,
    method: definition.Method === '' ? 'GET' : definition.Method,
    headers: definition.Header ?? {},
    body: definition.Body,
    followRedirects: !definition.DisableRedirects,
  };
}

function thresholds({
  SuccessBeforePassing,
  FailuresBeforeWarning,
  FailuresBeforeCritical,
}: CheckDefinition) {
  const failuresBeforeWarning = FailuresBeforeWarning > 0 ? FailuresBeforeWarning : FailuresBeforeCritical;
  return {
    ...(SuccessBeforePassing > 0 ? { successBeforePassing: SuccessBeforePassing } : {}),
    ...(failuresBeforeWarning > 0 ? { failuresBeforeWarning } : {}),
    ...(FailuresBeforeCritical > 0 ? { failuresBeforeCritical: FailuresBeforeCritical } : {}),
  };
}
