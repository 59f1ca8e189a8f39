/** Where one server listens. */
export type Endpoint = { readonly host: string; readonly port: number } | { readonly path: string };

export interface Login {
  readonly username?: string;
  readonly password?: string;
}

interface Common {
  /** Of the servers that hold data. */
  readonly login: Login;
  readonly tls: boolean;
  readonly db: number;
  /** For logs: without any password. */
  readonly label: string;
}

/** What a Redis URL leads to: one server, or those who know which server is the primary. */
export type RedisAddress =
  | (Common & { readonly topology: 'single'; readonly endpoint: Endpoint })
  | (Common & {
      readonly topology: 'sentinel';
      readonly sentinels: readonly Endpoint[];
      /** The sentinels' own; they do not share that of the servers. */
      readonly sentinelLogin: Login;
      /** What the sentinels call the primary. */
      readonly master: string;
    })
  | (Common & { readonly topology: 'cluster'; readonly seeds: readonly Endpoint[] });

const SHAPE = /^(rediss?)(\+sentinel|\+cluster)?:\/\/(?:([^/?#]*)@)?([^/?#@]*)(?:\/([^?#]*))?(?:\?([^#]*))?$/;
const HOST = /^(\[[\da-fA-F:.]+\]|[^\s:[\]]+)(?::(\d{1,5}))?$/;
const REDIS_PORT = 6379;
const SENTINEL_PORT = 26_379;

/**
 * Reads a Redis URL; with `rediss` for `redis` it means TLS, to sentinels too:
 *
 * - `redis://[user[:password]@]host[:port][/db]`
 * - `unix:///path/to.sock[?db=n]`, or the plain path
 * - `redis+sentinel://[user[:password]@]host[:port],.../master[?db=n&sentinelUsername=u&sentinelPassword=p]`
 * - `redis+cluster://[user[:password]@]host[:port],...`
 *
 * Throws an `Error` that never shows the password. Other parameters are refused, so that a URL
 * cannot weaken the client's deadlines.
 */
export function parseRedisUrl(url: string): RedisAddress {
  if (url.startsWith('/')) return parseRedisUrl(`unix://${url}`);
  if (url.startsWith('unix:')) return unixAddress(url);
  const match = SHAPE.exec(url);
  if (match === null) throw invalid('it is none, or has a scheme that is not known');
  const [, scheme = '', plus, userinfo, hosts = '', path = '', query = ''] = match;
  const endpoints = hosts.split(',').map((host) => toEndpoint(host, plus));
  const tls = scheme === 'rediss';
  const label = `${scheme}${plus ?? ''}://${endpoints.map(endpointLabel).join(',')}`;
  const common = { login: toLogin(userinfo), tls, db: 0, label };
  const [endpoint] = endpoints;
  if (plus === '+sentinel')
    return { ...common, ...sentinelParts(endpoints, path, query), topology: 'sentinel' };
  if (query !== '') throw invalid('it must have no query');
  if (plus === '+cluster') {
    if (path !== '') throw invalid('a cluster has no databases');
    return { ...common, topology: 'cluster', seeds: endpoints };
  }
  if (endpoint === undefined || endpoints.length > 1) throw invalid('it must name one server');
  return { ...common, db: database(path), topology: 'single', endpoint };
}

/** `host:port` or the path of a socket, for logs and comparisons. */
export function endpointLabel(endpoint: Endpoint): string {
  if ('path' in endpoint) return endpoint.path;
  const { host, port } = endpoint;
  return `${host.includes(':') ? `[${host}]` : host}:${port}`;
}

function sentinelParts(sentinels: readonly Endpoint[], path: string, query: string) {
  const parameters = new URLSearchParams(query);
  const known = new Set(['db', 'sentinelUsername', 'sentinelPassword']);
  if ([...parameters.keys()].some((name) => !known.has(name))) throw invalid('it has an unknown parameter');
  if (!/^[\w.-]+$/.test(path)) throw invalid("it must end with the master's name");
  const [username, password] = [parameters.get('sentinelUsername'), parameters.get('sentinelPassword')];
  return {
    sentinels,
    master: path,
    db: database(parameters.get('db') ?? ''),
    sentinelLogin: {
      ...(username === null ? {} : { username }),
      ...(password === null ? {} : { password }),
    },
  };
}

function unixAddress(text: string): RedisAddress {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  const others = [...(url?.searchParams.keys() ?? [])].filter((name) => name !== 'db');
  if (url === undefined || url.host !== '' || url.pathname.length < 2 || others.length > 0) {
    throw invalid('a unix socket is written unix:///path/to.sock or unix:///path/to.sock?db=1');
  }
  const path = decode(url.pathname);
  const db = database(url.searchParams.get('db') ?? '');
  return { topology: 'single', endpoint: { path }, login: {}, tls: false, db, label: `unix://${path}` };
}

function toEndpoint(text: string, plus: string | undefined): Endpoint {
  const match = HOST.exec(text);
  if (match === null) throw invalid('a host is missing or malformed');
  const port =
    match[2] === undefined ? (plus === '+sentinel' ? SENTINEL_PORT : REDIS_PORT) : Number(match[2]);
  if (port < 1 || port > 65_535) throw invalid('a port is out of range');
  return { host: (match[1] ?? '').replace(/^\[(.*)\]$/, '$1'), port };
}

function toLogin(userinfo = ''): Login {
  const [username = '', ...password] = userinfo.split(':');
  return {
    ...(username === '' ? {} : { username: decode(username) }),
    ...(password.length === 0 ? {} : { password: decode(password.join(':')) }),
  };
}

function database(text: string): number {
  if (!/^\d{0,5}$/.test(text)) throw invalid('the database must be a number');
  return Number(text);
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    throw invalid('it has a broken percent escape');
  }
}

function invalid(reason: string): Error {
  return new Error(`invalid Redis URL: ${reason}`);
}
