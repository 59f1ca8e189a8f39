import type { Method, Route, RouteRequest, RouteResponse } from '../../http/index.ts';
import { isPretty, jsonAnswer, plainText } from './answers.ts';
import { get, type ConsulContext } from './context.ts';
import { ConsulError } from './errors.ts';
import type { GoValue } from './go-json.ts';
import { requireDatacenter } from './read-parameters.ts';

/** Paths of access control below `/v1/`, with their methods in the order that Consul names them. */
const ACL_PATHS: Readonly<Record<string, readonly Method[]>> = {
  'acl/bootstrap': ['PUT'],
  'acl/login': ['POST'],
  'acl/logout': ['POST'],
  'acl/replication': ['GET'],
  'acl/policies': ['GET'],
  'acl/policy': ['PUT'],
  'acl/policy/name/{name+}': ['GET'],
  'acl/policy/{id+}': ['GET', 'PUT', 'DELETE'],
  'acl/roles': ['GET'],
  'acl/role': ['PUT'],
  'acl/role/name/{name+}': ['GET'],
  'acl/role/{id+}': ['GET', 'PUT', 'DELETE'],
  'acl/binding-rules': ['GET'],
  'acl/binding-rule': ['PUT'],
  'acl/binding-rule/{id+}': ['GET', 'PUT', 'DELETE'],
  'acl/auth-methods': ['GET'],
  'acl/auth-method': ['PUT'],
  'acl/auth-method/{name+}': ['GET', 'PUT', 'DELETE'],
  'acl/tokens': ['GET'],
  'acl/token': ['PUT'],
  'acl/token/self': ['GET'],
  'acl/token/{id+}': ['GET', 'PUT', 'DELETE'],
  'acl/templated-policies': ['GET'],
  'acl/templated-policy/name/{name+}': ['GET'],
  'acl/templated-policy/preview/{name+}': ['POST'],
  'internal/acl/authorize': ['POST'],
  'agent/token/{type+}': ['PUT'],
  // What access control was before 1.4.
  'acl/create': ['PUT'],
  'acl/update': ['PUT'],
  'acl/destroy/{id+}': ['PUT'],
  'acl/info/{id+}': ['GET'],
  'acl/clone/{id+}': ['PUT'],
  'acl/list': ['GET'],
  'acl/rules/translate': ['POST'],
  'acl/rules/translate/{id+}': ['GET'],
};

/** The service mesh, below `/v1/`. */
const MESH_PATHS: Readonly<Record<string, readonly Method[]>> = {
  'connect/ca/configuration': ['GET', 'PUT'],
  'connect/intentions': ['POST'],
  'connect/intentions/exact': ['GET', 'PUT', 'DELETE'],
  'connect/intentions/{id+}': ['GET', 'PUT', 'DELETE'],
  'discovery-chain/{service+}': ['GET', 'POST'],
};

/** Access control, the mesh and gossip encryption: what Consul has and says that it is off. */
export function featureOffRoutes(context: ConsulContext): Route[] {
  const { registry } = context;
  const { datacenter } = registry.identity;
  const acl = () => plainText(401, 'ACL support disabled');
  const mesh = () => plainText(500, 'Connect must be enabled in order to use this endpoint');
  return [
    ...off(ACL_PATHS, acl),
    ...off(MESH_PATHS, mesh),
    ...off({ 'operator/keyring': ['GET', 'POST', 'PUT', 'DELETE'] }, (request) =>
      keyring(registry.identity, request),
    ),
    { ...get('/v1/connect/intentions', (request) => intentions(context, request)), isOff: true },
    ...permissive(datacenter),
  ];
}

/** Whoever waits for intentions waits in vain. */
function intentions({ reader }: ConsulContext, request: RouteRequest): Promise<RouteResponse> {
  return reader.kv(request, reader.parameters(request), {
    query: { topics: [], index: () => 1, run: () => [] },
    encode: (none) => jsonAnswer(none, isPretty(request)),
  });
}

/** Without a mesh there are no intentions, and everybody may talk to everybody. */
function permissive(datacenter: string): Route[] {
  const answering = (path: string, answer: (query: URLSearchParams) => GoValue) =>
    off({ [path]: ['GET'] }, (request) => {
      requireDatacenter(request.query, datacenter);
      return jsonAnswer(answer(request.query), isPretty(request));
    });
  return [
    ...answering('connect/intentions/match', (query) => {
      requireParameters(query, ['by', 'name']);
      return new Map(query.getAll('name').map((name) => [name, null]));
    }),
    ...answering('connect/intentions/check', (query) => {
      requireParameters(query, ['source', 'destination']);
      return { Allowed: true };
    }),
  ];
}

function requireParameters(query: URLSearchParams, names: readonly string[]): void {
  const missing = names.find((name) => !query.has(name));
  if (missing !== undefined) throw new ConsulError(500, `required query parameter '${missing}' not set`);
}

function keyring(
  { nodeName, datacenter }: ConsulContext['registry']['identity'],
  { method }: RouteRequest,
): RouteResponse {
  const why = method === 'GET' ? 'Keyring is empty' : 'No keyring to modify';
  const lines = [
    'WAN error: 1/1 nodes reported failure',
    `${nodeName}.${datacenter}: ${why} (encryption not enabled)`,
    `${datacenter} (LAN) error: 1/1 nodes reported failure`,
    `${nodeName}: ${why} (encryption not enabled)`,
  ];
  return plainText(500, `4 errors occurred:\n${lines.map((line) => `\t* ${line}\n`).join('')}\n`);
}

function off(
  paths: Readonly<Record<string, readonly Method[]>>,
  handle: (request: RouteRequest) => RouteResponse,
): Route[] {
  return Object.entries(paths).flatMap(([path, methods]) =>
    methods.map((method) => ({ method, path: `/v1/${path}`, handle, isOff: true })),
  );
}
