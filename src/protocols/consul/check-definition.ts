import type { CheckRegistration, CheckSource, CheckStatus } from '../../core/index.ts';
import type { CheckLimits } from './context.ts';
import { badRequest, ConsulError } from './errors.ts';
import {
  bool,
  duration,
  enterprise,
  int,
  json,
  list,
  map,
  name,
  optional,
  struct,
  text,
} from './go-decode.ts';
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
  GRPCUseTLS: bool,
  H2PING: text,
  H2PingUseTLS: optional(bool),
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
const DEFAULT_SCRIPT_TIMEOUT_MS = 30_000;
const SCRIPTS_DISABLED =
  "Scripts are disabled on this agent from remote calls; to enable, configure 'enable_script_checks' to true";

/** Whether a definition is the empty object, which Consul takes for none. */
export function isEmptyCheck(definition: CheckDefinition): boolean {
  return Object.values(definition).every((value) => !value || (Array.isArray(value) && value.length === 0));
}

/** Throws Consul's texts for contradictions, and refuses kinds of check that are not executed. */
export function validateCheck(definition: CheckDefinition, limits: CheckLimits): void {
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
  if (argsOf(definition).length > 0 && limits.enableScriptChecks !== true)
    throw new ConsulError(500, SCRIPTS_DISABLED);
  if (kind === 'docker' || kind === 'os_service')
    throw new ConsulError(500, `${NOT_EXECUTED[kind]} checks are not supported by this registry`);
}

/** Whether a text is one of the three states; the union's only gate. */
export function isStatus(text: string): text is CheckStatus {
  return text === 'passing' || text === 'warning' || text === 'critical';
}

/** A valid definition as the catalog's; an existing check keeps its status and output. */
export function checkRegistration(
  definition: CheckDefinition,
  { node, instanceId, id, name }: CheckPlace,
  limits: CheckLimits,
): CheckRegistration {
  const { Status, Notes, Interval, Timeout, DeregisterCriticalServiceAfter: deregisterAfterMs } = definition;
  const registration: CheckRegistration = {
    node,
    instanceId,
    id,
    name,
    notes: Notes,
    source: sourceOf(definition, node, limits),
    deregisterAfterMs:
      deregisterAfterMs > 0 ? Math.ceil(Math.max(deregisterAfterMs, limits.checkDeregisterMinMs)) : 0,
    overwriteStatus: false,
  };
  const stated = isStatus(Status) ? { ...registration, status: Status } : registration;
  if (Interval <= 0 && Timeout <= 0) return stated;
  const shown = {
    ...(Interval > 0 ? { Interval: formatGoDuration(Interval) } : {}),
    ...(Timeout > 0 ? { Timeout: formatGoDuration(Timeout) } : {}),
  };
  return { ...stated, extensions: { consul: shown } };
}

type Kind = 'grpc' | 'http' | 'ttl' | 'tcp' | 'udp' | 'alias' | 'docker' | 'script' | 'h2ping' | 'os_service';

const NOT_EXECUTED = { docker: 'Docker', os_service: 'OSService' };

/** What a definition could be taken for; Consul takes the first. */
function kindsOf(definition: CheckDefinition): Kind[] {
  const hasArgs = argsOf(definition).length > 0;
  const kinds: readonly (readonly [Kind, boolean])[] = [
    ['grpc', definition.GRPC !== ''],
    ['http', definition.HTTP !== ''],
    ['ttl', definition.TTL > 0],
    ['tcp', definition.TCP !== ''],
    ['udp', definition.UDP !== ''],
    ['alias', definition.AliasNode !== '' || definition.AliasService !== ''],
    ['docker', definition.DockerContainerID !== '' && hasArgs],
    ['script', hasArgs],
    ['h2ping', definition.H2PING !== ''],
    ['os_service', definition.OSService !== ''],
  ];
  return kinds.filter(([, isIt]) => isIt).map(([kind]) => kind);
}

function argsOf({ ScriptArgs, Args }: CheckDefinition): readonly string[] {
  return ScriptArgs.length > 0 ? ScriptArgs : Args;
}

function sourceOf(definition: CheckDefinition, node: string, limits: CheckLimits): CheckSource {
  const kind = kindsOf(definition)[0] ?? 'ttl';
  const { OutputMaxSize: outputMaxBytes, AliasNode, AliasService: instanceId } = definition;
  const output = outputMaxBytes > 0 ? { outputMaxBytes } : {};
  // A store counts whole milliseconds, and a lease of none would be over before it begins.
  if (kind === 'ttl') return { ...output, kind: 'ttl', ttlMs: Math.ceil(definition.TTL) };
  if (kind === 'alias')
    return { kind, node: AliasNode || node, instanceId, withMembership: AliasNode !== '' };
  const timeoutMs = kind === 'script' ? DEFAULT_SCRIPT_TIMEOUT_MS : DEFAULT_TIMEOUT_MS;
  const probe = {
    ...thresholds(definition),
    ...output,
    intervalMs: Math.max(definition.Interval, limits.checkIntervalMinMs),
    timeoutMs: definition.Timeout > 0 ? Math.max(1, definition.Timeout) : timeoutMs,
  };
  const tls = { tlsSkipVerify: definition.TLSSkipVerify, tlsServerName: definition.TLSServerName };
  switch (kind) {
    case 'tcp':
      return { ...probe, ...tls, kind, target: definition.TCP, tls: definition.TCPUseTLS };
    case 'udp':
      return { ...probe, kind, target: definition.UDP };
    case 'grpc':
      return { ...probe, ...tls, kind, target: definition.GRPC, tls: definition.GRPCUseTLS };
    case 'h2ping':
      return { ...probe, ...tls, kind, target: definition.H2PING, tls: definition.H2PingUseTLS ?? true };
    case 'script':
      return { ...probe, kind, args: argsOf(definition) };
    default:
      return { ...probe, ...tls, ...httpRequest(definition) };
  }
}

function httpRequest(definition: CheckDefinition) {
  return {
    kind: 'http',
    url: definition.HTTP,
    method: definition.Method === '' ? 'GET' : definition.Method,
    headers: definition.Header ?? {},
    body: definition.Body,
    followRedirects: !definition.DisableRedirects,
  } as const;
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
