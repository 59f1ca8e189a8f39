import type { Registration } from '../../core/index.ts';
import type { Identity } from '../../registry/index.ts';
import { nodeCheckRegistration } from './agent-checks.ts';
import { checkDefinition } from './check-definition.ts';
import type { CheckLimits } from './context.ts';
import { decodeValue, isObject, list, optional, struct } from './go-decode.ts';
import { serviceDefinition, serviceRegistration } from './service-definition.ts';

const serviceFile = struct('', {
  Service: optional(serviceDefinition),
  Services: list(serviceDefinition),
  Check: optional(checkDefinition),
  Checks: list(checkDefinition),
});

/**
 * The registrations that a service definition file in Consul's JSON form asks for, services first.
 *
 * Other keys of Consul's configuration are left aside. Throws an `Error` that says what is wrong.
 */
export function decodeServiceFile(file: unknown, agent: Identity, limits: CheckLimits): Registration[] {
  if (!isObject(file)) throw new Error('not a JSON object');
  const { Service, Services, Check, Checks } = decodeValue(file, serviceFile);
  const services = Service === undefined ? Services : [Service, ...Services];
  const checks = Check === undefined ? Checks : [Check, ...Checks];
  return [
    ...services.map((service) => serviceRegistration(service, agent, limits, false)),
    ...checks.map((check) => nodeCheckRegistration(check, agent, limits)),
  ];
}
