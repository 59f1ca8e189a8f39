import { int, isObject, json, list, optional, sealed, struct, text } from './go-decode.ts';
import type { GoStruct, GoValue } from './go-json.ts';

const upstream = struct('Upstream', {
  DestinationType: text,
  DestinationPeer: text,
  DestinationName: text,
  Datacenter: text,
  LocalBindAddress: text,
  LocalBindPort: int,
  LocalBindSocketPath: text,
  LocalBindSocketMode: text,
  Config: json,
  MeshGateway: json,
});

/** The configuration of a proxy in the mesh: kept and shown, and nothing here acts on it. */
export const proxyDefinition = optional(
  sealed(
    struct('', {
      DestinationServiceName: text,
      DestinationServiceID: text,
      LocalServiceAddress: text,
      LocalServicePort: int,
      LocalServiceSocketPath: text,
      Mode: text,
      TransparentProxy: json,
      EnvoyExtensions: json,
      Config: json,
      Upstreams: list(upstream),
      MeshGateway: json,
      Expose: json,
      AccessLogs: json,
    }),
  ),
);

export type ProxyDefinition = NonNullable<ReturnType<typeof proxyDefinition>>;
type Upstream = ProxyDefinition['Upstreams'][number];

/** What a service's kind demands of its proxy, in Consul's words; empty when all is well. */
export function proxyErrors(
  kind: string,
  port: number,
  native: boolean,
  proxy: Partial<ProxyDefinition>,
): string[] {
  if (kind === 'connect-proxy') return connectProxyErrors(port, native, proxy);
  if (!GATEWAYS.has(kind)) return [];
  const refused: readonly (readonly [string, unknown])[] = [
    ['DestinationServiceName', proxy.DestinationServiceName],
    ['DestinationServiceID', proxy.DestinationServiceID],
    ['LocalServiceAddress', proxy.LocalServiceAddress],
    ['LocalServicePort', proxy.LocalServicePort],
    ['Upstreams', proxy.Upstreams?.length],
  ];
  return [
    ...(port === 0 && kind !== 'ingress-gateway' ? [`Port must be non-zero for a ${kind}`] : []),
    ...refused
      .filter(([, value]) => Boolean(value))
      .map(([field]) => `The Proxy.${field} configuration is invalid for a ${kind}`),
  ];
}

const GATEWAYS = new Set(['mesh-gateway', 'terminating-gateway', 'ingress-gateway', 'api-gateway']);

/** Whether a service of this kind is shown with its proxy's configuration by the agent. */
export function isProxyKind(kind: unknown): boolean {
  return typeof kind === 'string' && (kind === 'connect-proxy' || GATEWAYS.has(kind));
}

function connectProxyErrors(port: number, native: boolean, proxy: Partial<ProxyDefinition>): string[] {
  const errors: string[] = [];
  if ((proxy.DestinationServiceName ?? '').trim() === '')
    errors.push('Proxy.DestinationServiceName must be non-empty for Connect proxy services');
  if (port === 0) errors.push('Port must be set for a Connect proxy');
  if (native) errors.push('A Proxy cannot also be Connect Native, only typical services');
  const seen = new Set<string>();
  const bound = new Set<string>();
  for (const each of proxy.Upstreams ?? []) errors.push(...upstreamErrors(each, seen, bound));
  return errors;
}

function upstreamErrors(upstream: Upstream, seen: Set<string>, bound: Set<string>): string[] {
  const { DestinationName: name, LocalBindPort: port, LocalBindSocketPath: path, Datacenter } = upstream;
  const type = upstream.DestinationType || 'service';
  if (type !== 'service' && type !== 'prepared_query')
    return [`unknown upstream destination type: ${JSON.stringify(type)}`];
  if (name === '') return ['upstream destination name cannot be empty'];
  if (name !== '*' && port === 0 && path === '') return ['upstream local bind port cannot be zero'];
  const where = path === '' ? `${upstream.LocalBindAddress || '127.0.0.1'}:${String(port)}` : path;
  if (name !== '*' && bound.has(where)) {
    return [
      `upstreams cannot contain duplicates by local bind address and port; ${JSON.stringify(where)} is specified twice`,
    ];
  }
  bound.add(where);
  const key = `[type=${JSON.stringify(type)}, name=${JSON.stringify(name)}, namespace="", datacenter=${JSON.stringify(Datacenter)}]`;
  if (seen.has(key)) return [`upstreams cannot contain duplicates of ${key}`];
  seen.add(key);
  return [];
}

/** A proxy as the catalog shows it, or as the agent does, which leaves out what is empty. */
export function proxyShape(proxy: GoValue | undefined, by: 'catalog' | 'agent'): GoStruct {
  const held: GoStruct = isObject(proxy) ? proxy : {};
  const { Config, Upstreams, Mode, MeshGateway, Expose, TransparentProxy, AccessLogs, ...plain } = held;
  const shown = Array.isArray(Upstreams) ? Upstreams.filter(isObject) : [];
  return {
    ...plain,
    Mode: by === 'catalog' ? (Mode ?? '') : Mode,
    TransparentProxy,
    Config: sortedMap(Config),
    Upstreams: shown.length === 0 ? undefined : shown.map((each) => upstreamShape(each as GoStruct, by)),
    MeshGateway: MeshGateway ?? {},
    Expose: Expose ?? {},
    AccessLogs,
  };
}

function upstreamShape(upstream: GoStruct, by: 'catalog' | 'agent'): GoStruct {
  const { DestinationType, DestinationPeer, DestinationName, Datacenter, Config, MeshGateway, ...bound } =
    upstream;
  return {
    DestinationType: DestinationType ?? 'service',
    DestinationPeer,
    DestinationName,
    Datacenter: by === 'catalog' ? (Datacenter ?? '') : Datacenter,
    ...bound,
    Config: sortedMap(Config),
    MeshGateway: MeshGateway ?? {},
  };
}

/** Free-form JSON as Go shows a map: keys sorted, at every depth. */
function sortedMap(value: GoValue | undefined): GoValue | undefined {
  if (Array.isArray(value)) return value.map((each: GoValue) => sortedMap(each) ?? null);
  if (!isObject(value)) return value;
  const entries = Object.entries(value).map(([key, each]) => [key, sortedMap(each) ?? null] as const);
  return new Map(entries);
}

/** What is worth keeping of a decoded structure: its fields that are not empty. */
export function withoutEmpty(decoded: Readonly<Record<string, unknown>>): GoStruct {
  const kept = Object.entries(decoded).filter(([, value]) => !isEmptyField(value));
  return Object.fromEntries(
    kept.map(([field, value]) => [
      field,
      field === 'Upstreams' && Array.isArray(value) ? value.map(withoutEmpty) : value,
    ]),
  ) as GoStruct;
}

function isEmptyField(value: unknown): boolean {
  if (value === undefined || value === null || value === '' || value === 0 || value === false) return true;
  return Array.isArray(value) && value.length === 0;
}
