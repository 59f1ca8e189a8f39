import type { Stored } from '../../core/index.ts';
import type { Route, RouteRequest, RouteResponse } from '../../http/index.ts';
import { configEntriesQuery, configEntryQuery, type ConfigEntry } from '../../registry/index.ts';
import { isPretty, jsonAnswer, plainText } from './answers.ts';
import { get, put, type ConsulContext } from './context.ts';
import { badRequest, ConsulError } from './errors.ts';
import { DecodeError, decodeBody, isObject, json } from './go-decode.ts';
import type { GoStruct, GoValue } from './go-json.ts';
import { parseUint64, requireDatacenter } from './read-parameters.ts';

const PATH = '/v1/config/{entry+}';

/**
 * The kinds of entry, with the fields that files write in lower case and with underscores. What a kind has later is
 * kept as it is written.
 */
const KINDS: Readonly<Record<string, readonly string[]>> = {
  'service-defaults': [
    'Protocol',
    'Mode',
    'TransparentProxy',
    'MeshGateway',
    'Expose',
    'ExternalSNI',
    'UpstreamConfig',
    'Destination',
    'MaxInboundConnections',
    'LocalConnectTimeoutMs',
    'LocalRequestTimeoutMs',
    'BalanceInboundConnections',
    'RateLimits',
    'EnvoyExtensions',
    'MutualTLSMode',
  ],
  'proxy-defaults': [
    'Config',
    'Mode',
    'TransparentProxy',
    'MeshGateway',
    'Expose',
    'AccessLogs',
    'EnvoyExtensions',
    'FailoverPolicy',
    'PrioritizeByLocality',
    'MutualTLSMode',
  ],
  'service-router': ['Routes'],
  'service-splitter': ['Splits'],
  'service-resolver': [
    'DefaultSubset',
    'Subsets',
    'Redirect',
    'Failover',
    'ConnectTimeout',
    'RequestTimeout',
    'LoadBalancer',
    'PrioritizeByLocality',
  ],
  'ingress-gateway': ['TLS', 'Listeners', 'Defaults'],
  'terminating-gateway': ['Services'],
  'service-intentions': ['Sources', 'JWT'],
  mesh: [
    'TransparentProxy',
    'AllowEnablingPermissiveMutualTLS',
    'TLS',
    'HTTP',
    'Peering',
    'ValidateClusters',
  ],
  'exported-services': ['Services'],
  'sameness-group': ['DefaultForFailover', 'IncludeLocal', 'Members'],
  'api-gateway': ['Listeners', 'Status'],
  'bound-api-gateway': ['Listeners'],
  'http-route': ['Parents', 'Rules', 'Hostnames', 'Status'],
  'tcp-route': ['Parents', 'Services', 'Status'],
  'file-system-certificate': ['Certificate', 'PrivateKey'],
  'inline-certificate': ['Certificate', 'PrivateKey'],
  'jwt-provider': [
    'Issuer',
    'JSONWebKeySet',
    'Audiences',
    'Locations',
    'Forwarding',
    'ClockSkewSeconds',
    'CacheConfig',
  ],
  'control-plane-request-limit': ['Mode', 'ReadRate', 'WriteRate'],
};

/** What is shown of a kind where an entry does not say. */
const DEFAULTS: Readonly<Record<string, GoStruct>> = {
  'service-defaults': { Protocol: '', MeshGateway: {}, Expose: {} },
  'proxy-defaults': { MeshGateway: {}, Expose: {} },
  'ingress-gateway': { TLS: { Enabled: false }, Listeners: null },
  'terminating-gateway': { Services: null },
  'service-splitter': { Splits: null },
};

/** Kinds of which there is one entry, and its name. */
const SINGLE: Readonly<Record<string, string>> = {
  'proxy-defaults': 'global',
  mesh: 'mesh',
  'exported-services': 'default',
};

/** Central configuration: stored and served, for nothing here has a mesh to apply it to. */
export function configEntryRoutes(context: ConsulContext): Route[] {
  return [
    put('/v1/config', (request) => write(context, request)),
    get(PATH, (request) => read(context, request)),
    { method: 'DELETE', path: PATH, handle: (request) => remove(context, request) },
  ];
}

async function write({ registry }: ConsulContext, request: RouteRequest): Promise<RouteResponse> {
  const { query, body } = request;
  requireDatacenter(query, registry.identity.datacenter);
  const entry = decodeEntry(body);
  if (entry.name === '') throw new ConsulError(500, 'Name is required');
  const cas = query.get('cas');
  const expected = cas === null || cas === '' ? undefined : Number(parseUint64(cas));
  return jsonAnswer(await registry.configEntries.put(entry, expected), isPretty(request));
}

function read({ reader }: ConsulContext, request: RouteRequest): Promise<RouteResponse> {
  const parameters = reader.parameters(request);
  const { kind, name } = placeOf(request);
  const pretty = isPretty(request);
  if (kind !== '' && !Object.hasOwn(KINDS, kind)) throw badRequest(`invalid config entry kind: ${kind}`);
  if (name === undefined || name === '') {
    return reader.kv(request, parameters, {
      query: configEntriesQuery(kind),
      encode: (entries) => jsonAnswer(entries.map(entryShape), pretty),
    });
  }
  return reader.kv(request, parameters, {
    query: configEntryQuery(kind, name),
    encode: (entry) =>
      entry === undefined
        ? plainText(404, `Config entry not found for "${kind}" / "${name}"`)
        : jsonAnswer(entryShape(entry), pretty),
  });
}

async function remove({ registry }: ConsulContext, request: RouteRequest): Promise<RouteResponse> {
  const { query } = request;
  requireDatacenter(query, registry.identity.datacenter);
  const { kind, name } = placeOf(request);
  if (kind === '' || name === undefined)
    throw new ConsulError(404, 'Must provide both a kind and name to delete');
  if (!Object.hasOwn(KINDS, kind)) throw badRequest(`invalid config entry kind: ${kind}`);
  const cas = query.get('cas');
  if (cas === null || cas === '') {
    await registry.configEntries.delete(kind, name);
    return jsonAnswer({}, isPretty(request));
  }
  return jsonAnswer(
    await registry.configEntries.delete(kind, name, Number(parseUint64(cas))),
    isPretty(request),
  );
}

/** `name` may have slashes; undefined where the path ends at the kind. */
function placeOf({ params }: RouteRequest): { kind: string; name: string | undefined } {
  const entry = params['entry'] ?? '';
  const slash = entry.indexOf('/');
  return slash < 0
    ? { kind: entry, name: undefined }
    : { kind: entry.slice(0, slash), name: entry.slice(slash + 1) };
}

function decodeEntry(body: Uint8Array): ConfigEntry {
  const refusal = (reason: string) => badRequest(`Request decoding failed: ${reason}`);
  const given = parsed(body, refusal);
  if (Array.isArray(given)) throw refusal("'' expected a map, got 'slice'");
  const found = isObject(given) ? given : {};
  const kindKey = ['Kind', 'kind'].find((key) => key in found);
  if (kindKey === undefined) throw refusal('Payload does not contain a kind/Kind key at the top level');
  const kind = found[kindKey];
  if (typeof kind !== 'string') throw refusal('Kind value in payload is not a string');
  const known = Object.hasOwn(KINDS, kind) ? KINDS[kind] : undefined;
  if (known === undefined) throw refusal(`invalid config entry kind: ${kind}`);
  const names = new Map(['Kind', 'Name', 'Meta', ...known].map((name) => [foldedKey(name), name]));
  const fields: Record<string, unknown> = Object.fromEntries(
    Object.entries(found)
      .filter(([, value]) => value !== null)
      .map(([key, value]) => [names.get(foldedKey(key)) ?? key, value]),
  );
  const { Kind: _kind, Name: name = '', CreateIndex: _create, ModifyIndex: _modify, ...rest } = fields;
  if (typeof name !== 'string') throw refusal("'Name' expected type 'string'");
  return { kind, name: SINGLE[kind] ?? name, fields: rest };
}

function parsed(body: Uint8Array, refusal: (reason: string) => ConsulError): unknown {
  try {
    return decodeBody(body, json);
  } catch (error) {
    throw error instanceof DecodeError ? refusal(error.message) : error;
  }
}

function foldedKey(key: string): string {
  return key.replaceAll('_', '').toLowerCase();
}

function entryShape({ kind, name, fields, createRevision, modifyRevision }: Stored<ConfigEntry>): GoStruct {
  // It came as JSON and goes as JSON.
  const shown: GoStruct = { ...DEFAULTS[kind], ...(fields as Readonly<Record<string, GoValue>>) };
  const inOrder = (KINDS[kind] ?? []).map((field) => [field, shown[field]] as const);
  return {
    Kind: kind,
    Name: name,
    ...Object.fromEntries(inOrder),
    ...Object.fromEntries(Object.entries(shown).filter(([field]) => KINDS[kind]?.includes(field) !== true)),
    CreateIndex: createRevision,
    ModifyIndex: modifyRevision,
  };
}
