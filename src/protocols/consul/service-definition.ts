import { isIPv4, isIPv6 } from 'node:net';
import type { CheckRegistration, Instance, Node, Registration, TaggedAddress } from '../../core/index.ts';
import type { Identity } from '../../registry/index.ts';
import {
  checkDefinition,
  checkRegistration,
  isEmptyCheck,
  isStatus,
  validateCheck,
  type CheckDefinition,
} from './check-definition.ts';
import type { CheckLimits } from './context.ts';
import { badRequest, ConsulError } from './errors.ts';
import { bool, enterprise, int, json, list, map, name, optional, sealed, struct, text } from './go-decode.ts';
import { proxyDefinition, proxyErrors, withoutEmpty } from './proxy-definition.ts';
import { validateServiceMeta } from './service-meta.ts';

export const weights = optional(struct('Weights', { Passing: int, Warning: int }));
export const taggedAddresses = map(struct('ServiceAddress', { Address: text, Port: int }));

const fields = {
  Kind: text,
  ID: name,
  Name: name,
  Tags: list(text),
  Address: text,
  TaggedAddresses: taggedAddresses,
  Meta: map(text),
  Port: int,
  SocketPath: text,
  Weights: weights,
  EnableTagOverride: bool,
  Check: optional(sealed(checkDefinition)),
  Checks: list(sealed(checkDefinition)),
  Proxy: proxyDefinition,
  Locality: json,
  Namespace: enterprise('Namespace', 'Namespaces'),
  Partition: enterprise('Partition', 'Partitions'),
};

const sidecarDefinition = struct('', {
  ...fields,
  Connect: optional(sealed(struct('', { Native: bool, SidecarService: json }))),
});

export type SidecarDefinition = ReturnType<typeof sidecarDefinition>;

/** A service as agents are told it, over HTTP or in a configuration file. */
export const serviceDefinition = struct('', {
  ...fields,
  Connect: optional(sealed(struct('', { Native: bool, SidecarService: optional(sidecarDefinition) }))),
});

export type ServiceDefinition = ReturnType<typeof serviceDefinition>;

const MAX_WEIGHT = 65_535;

/**
 * The registration a service definition asks for, on the agent's node.
 *
 * Throws Consul's errors for what is missing or out of range.
 */
export function serviceRegistration(
  definition: ServiceDefinition,
  agent: Identity,
  limits: CheckLimits,
  replaceChecks: boolean,
): Registration {
  if (definition.Name === '') throw badRequest('Missing service name');
  requireAddress(definition.Address, 400);
  validateWeights(definition);
  validateServiceMeta(definition.Meta ?? {});
  validateProxy(definition);
  const checks = checksOf(definition, limits);
  const instance = agentInstance(definition, agent.agentName);
  return {
    node: agentNode(agent),
    keepNode: true,
    instance,
    checks: checks.map((check, i) =>
      serviceCheck(check, checks.length === 1 ? '' : `:${String(i + 1)}`, instance, limits),
    ),
    replaceChecks,
  };
}

/** The logical agent's node, should somebody have removed it. */
export function agentNode({ agentName, agentId, address }: Identity): Node {
  return { name: agentName, id: agentId, address };
}

/** Throws for an address that means every interface. `status` is what the endpoint answers then. */
export function requireAddress(address: string, status: number): void {
  if (['0.0.0.0', '::', '[::]'].includes(address)) throw new ConsulError(status, 'Invalid service address');
}

/** Fields that only Consul knows, under its own names; undefined when there are none. */
export function consulExtensions(
  fields: Readonly<Record<string, unknown>>,
): { extensions: { consul: object } } | undefined {
  const given = Object.entries(fields).filter(([, value]) => value !== undefined && value !== '');
  return given.length === 0 ? undefined : { extensions: { consul: Object.fromEntries(given) } };
}

/** Service addresses by tag, as the catalog keeps them. */
export function taggedAddressesOf(
  given: ReturnType<typeof taggedAddresses>,
): Readonly<Record<string, TaggedAddress>> | undefined {
  const entries = Object.entries(given ?? {});
  if (entries.length === 0) return undefined;
  return Object.fromEntries(
    entries.map(([tag, { Address, Port }]) => [tag, { address: Address, port: Port }]),
  );
}

function agentInstance(definition: ServiceDefinition, node: string): Instance {
  const { Kind, SocketPath, Proxy, Connect, Locality, Weights, Meta } = definition;
  const tagged = { ...literalAddresses(definition), ...taggedAddressesOf(definition.TaggedAddresses) };
  requireFamilies(tagged);
  return {
    node,
    id: definition.ID === '' ? definition.Name : definition.ID,
    service: definition.Name,
    tags: definition.Tags,
    address: definition.Address,
    port: definition.Port,
    weights: { passing: Weights?.Passing ?? 1, warning: Weights?.Warning ?? 1 },
    enableTagOverride: definition.EnableTagOverride,
    ...(Meta === undefined ? {} : { meta: Meta }),
    ...(Object.keys(tagged).length === 0 ? {} : { taggedAddresses: tagged }),
    ...consulExtensions({
      Kind,
      SocketPath,
      Proxy: Proxy && withoutEmpty(Proxy),
      // A sidecar's definition is told once; what is kept of it is the sidecar.
      Connect: Connect?.Native === true ? { Native: true } : undefined,
      Locality,
    }),
  };
}

/** Consul tags an address that is an IP literal by its family. */
function literalAddresses({ Address, Port }: ServiceDefinition): Record<string, TaggedAddress> {
  const family = isIPv4(Address) ? 'ipv4' : isIPv6(Address) ? 'ipv6' : undefined;
  if (family === undefined) return {};
  const address = { address: Address, port: Port };
  return { [`lan_${family}`]: address, [`wan_${family}`]: address };
}

function requireFamilies(tagged: Readonly<Record<string, TaggedAddress>>): void {
  for (const [tag, { address }] of Object.entries(tagged)) {
    const [, family] = /^[lw]an_(ipv[46])$/.exec(tag) ?? [];
    if (family === undefined || (family === 'ipv4' ? isIPv4(address) : isIPv6(address))) continue;
    throw new ConsulError(500, `Service tagged address "${tag}" must be a valid ${family} address`);
  }
}

/** Compat(consul): several errors at once are a list, and a single one is a list of one. */
export function errorList(errors: readonly string[]): ConsulError {
  const heading = errors.length === 1 ? '1 error occurred:' : `${String(errors.length)} errors occurred:`;
  return badRequest(`Validation failed: ${[heading, ...errors.map((each) => `\t* ${each}`)].join('\n')}\n\n`);
}

function validateProxy({ Kind, Port, Connect, Proxy }: ServiceDefinition): void {
  const errors = proxyErrors(Kind, Port, Connect?.Native === true, Proxy ?? {});
  if (errors.length > 0) throw errorList(errors);
}

function validateWeights({ Weights }: ServiceDefinition): void {
  if (Weights === undefined) return;
  const { Passing, Warning } = Weights;
  if (Passing < 1) throw badRequest('Invalid Weights: Passing must be greater than 0');
  if (Warning < 0) throw badRequest('Invalid Weights: Warning must be greater or equal than 0');
  if (Passing > MAX_WEIGHT || Warning > MAX_WEIGHT) {
    throw badRequest('Invalid Weights: DNS Weight must be between 0 and 65535');
  }
}

function checksOf({ Check, Checks }: ServiceDefinition, limits: CheckLimits): readonly CheckDefinition[] {
  const given = Check === undefined || isEmptyCheck(Check) ? Checks : [Check, ...Checks];
  for (const check of given) validateCheck(check, limits);
  if (given.some(({ Status }) => Status !== '' && !isStatus(Status))) {
    throw badRequest("Status for checks must 'passing', 'warning', 'critical'");
  }
  return given;
}

function serviceCheck(
  definition: CheckDefinition,
  suffix: string,
  instance: Instance,
  limits: CheckLimits,
): CheckRegistration {
  const place = {
    node: instance.node,
    instanceId: instance.id,
    id: definition.CheckID || definition.ID || `service:${instance.id}${suffix}`,
    name: definition.Name === '' ? `Service '${instance.service}' check` : definition.Name,
  };
  return checkRegistration(definition, place, limits);
}
