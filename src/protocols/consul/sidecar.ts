import { instanceKey, type Instance, type Registration, type State } from '../../core/index.ts';
import type { Identity } from '../../registry/index.ts';
import { checkDefinition, isEmptyCheck, type CheckDefinition } from './check-definition.ts';
import type { CheckLimits } from './context.ts';
import { badRequest, ConsulError } from './errors.ts';
import { decodeValue } from './go-decode.ts';
import { proxyDefinition } from './proxy-definition.ts';
import { consulFields } from './shapes.ts';
import {
  errorList,
  serviceRegistration,
  type ServiceDefinition,
  type SidecarDefinition,
} from './service-definition.ts';

const FIRST_PORT = 21_000;
const LAST_PORT = 21_255;
const LISTENING_INTERVAL = '10s';

/**
 * What the sidecar of a service definition registers; undefined where it asks for none.
 *
 * A function of the catalog, because the port may depend on it. What the sidecar leaves out comes from its service.
 * Throws Consul's errors, and does so at once for whatever is wrong with the definition.
 */
export function sidecarRegistration(
  definition: ServiceDefinition,
  agent: Identity,
  limits: CheckLimits,
): ((state: State) => Registration) | undefined {
  const sidecar = definition.Connect?.SidecarService;
  if (sidecar === undefined) return undefined;
  const whole = completed(definition, sidecar);
  const at = (port: number): Registration => {
    const Checks = hasChecks(whole) ? whole.Checks : defaultChecks(definition, whole.Address, port);
    return serviceRegistration({ ...whole, Checks, Port: port }, agent, limits, false);
  };
  refuseInvalid(() => at(whole.Port || FIRST_PORT));
  return (state) => {
    const registration = at(whole.Port || freePort(state, agent.agentName, whole.ID));
    const { instance } = registration;
    return instance === undefined ? registration : { ...registration, instance: marked(instance) };
  };
}

/** Id of the sidecar that belongs to a service. */
export function sidecarId(serviceId: string): string {
  return `${serviceId}-sidecar-proxy`;
}

/** Whether an instance was made by `sidecarRegistration`, and so goes with its service. */
export function isSidecar(instance: Instance | undefined): boolean {
  return instance !== undefined && consulFields(instance)['IsSidecar'] === true;
}

function completed(service: ServiceDefinition, sidecar: SidecarDefinition): ServiceDefinition {
  if (sidecar.ID !== '')
    throw errorList(['A SidecarService cannot specify an ID as this is managed by the agent']);
  if ((sidecar.Connect?.SidecarService ?? undefined) !== undefined)
    throw errorList(['A SidecarService cannot have a nested SidecarService']);
  const Kind = sidecar.Kind || 'connect-proxy';
  return {
    ...sidecar,
    ID: sidecarId(service.ID || service.Name),
    Kind,
    Name: sidecar.Name || `${service.Name}-sidecar-proxy`,
    Tags: sidecar.Tags.length > 0 ? sidecar.Tags : service.Tags,
    Meta: Object.keys(sidecar.Meta ?? {}).length > 0 ? sidecar.Meta : service.Meta,
    Address: sidecar.Address || service.Address,
    Proxy: Kind === 'connect-proxy' ? completedProxy(service, sidecar) : sidecar.Proxy,
    Connect: sidecar.Connect && { Native: sidecar.Connect.Native, SidecarService: undefined },
  };
}

function completedProxy(
  service: ServiceDefinition,
  { Proxy }: SidecarDefinition,
): ServiceDefinition['Proxy'] {
  const given = Proxy ?? decodeValue({}, proxyDefinition);
  if (given === undefined) return undefined;
  const { DestinationServiceName, DestinationServiceID, LocalServiceAddress, LocalServicePort } = given;
  return {
    ...given,
    DestinationServiceName: DestinationServiceName || service.Name,
    DestinationServiceID: DestinationServiceID || service.ID || service.Name,
    LocalServiceAddress: LocalServiceAddress || '127.0.0.1',
    LocalServicePort: LocalServicePort > 0 ? LocalServicePort : service.Port,
  };
}

function hasChecks({ Check, Checks }: ServiceDefinition): boolean {
  return Checks.length > 0 || (Check !== undefined && !isEmptyCheck(Check));
}

function defaultChecks(service: ServiceDefinition, address: string, port: number): CheckDefinition[] {
  const id = service.ID || service.Name;
  const host = address === '' ? '127.0.0.1' : address.includes(':') ? `[${address}]` : address;
  const listening = {
    Name: 'Connect Sidecar Listening',
    TCP: `${host}:${String(port)}`,
    Interval: LISTENING_INTERVAL,
  };
  const aliasing = { Name: `Connect Sidecar Aliasing ${id}`, AliasService: id };
  return [listening, aliasing].map((check) => decodeValue(check, checkDefinition));
}

/** The port the sidecar has, or the first of the range that nothing on the node has. */
function freePort(state: State, node: string, id: string): number {
  const held = state.instances.get(instanceKey(node, id));
  if (held !== undefined && isSidecar(held) && held.port > 0) return held.port;
  const taken = new Set([...state.instancesOn(node).values()].map(({ port }) => port));
  for (let port = FIRST_PORT; port <= LAST_PORT; port++) if (!taken.has(port)) return port;
  throw new ConsulError(
    500,
    `none left in the configured range [${String(FIRST_PORT)}, ${String(LAST_PORT)}]`,
  );
}

function marked(instance: Instance): Instance {
  return {
    ...instance,
    extensions: { ...instance.extensions, consul: { ...consulFields(instance), IsSidecar: true } },
  };
}

/** Says that it is the sidecar that is wrong. */
function refuseInvalid(check: () => unknown): void {
  try {
    check();
  } catch (error) {
    if (!(error instanceof ConsulError)) throw error;
    const message = error.message
      .replace(/^Invalid check: /, 'Invalid check in sidecar_service: ')
      .replace(/^Invalid Service Meta: /, 'Invalid SidecarService: ');
    throw error.status === 400 ? badRequest(message) : new ConsulError(error.status, message);
  }
}
