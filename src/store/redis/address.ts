/** Where a Redis server listens and how to log in to it. */
export interface RedisAddress {
  readonly host?: string;
  readonly port?: number;
  /** A unix socket instead of host and port. */
  readonly path?: string;
  readonly tls: boolean;
  readonly username?: string;
  readonly password?: string;
  readonly db: number;
  /** For logs: without the password. */
  readonly label: string;
}

/**
 * Reads a Redis URL: `redis://[user[:password]@]host[:port][/db]`, `rediss://...` for TLS,
 * `unix:///path/to.sock[?db=n]` or the plain path.
 *
 * Throws an `Error` that never shows the password. Query parameters are refused, so that a URL
 * cannot weaken the client's deadlines.
 */
export function parseRedisUrl(url: string): RedisAddress {
  if (url.startsWith('/')) return parseRedisUrl(`unix://${url}`);
  const parsed = URL.canParse(url) ? new URL(url) : undefined;
  if (parsed === undefined) throw invalid('it is no URL');
  if (parsed.protocol === 'unix:') return unixAddress(parsed);
  if (parsed.protocol !== 'redis:' && parsed.protocol !== 'rediss:') {
    throw invalid('it must begin with redis://, rediss:// or unix://');
  }
  if (parsed.search !== '' || parsed.hash !== '') throw invalid('it must have no query and no fragment');
  if (parsed.hostname === '') throw invalid('it has no host');
  const host = parsed.hostname.replace(/^\[(.*)\]$/, '$1');
  const port = parsed.port === '' ? 6379 : Number(parsed.port);
  return {
    host,
    port,
    tls: parsed.protocol === 'rediss:',
    ...(parsed.username === '' ? {} : { username: decode(parsed.username) }),
    ...(parsed.password === '' ? {} : { password: decode(parsed.password) }),
    db: database(parsed.pathname.slice(1)),
    label: `${parsed.protocol}//${parsed.hostname}:${port}`,
  };
}

function unixAddress(url: URL): RedisAddress {
  const others = [...url.searchParams.keys()].filter((name) => name !== 'db');
  if (url.host !== '' || url.pathname.length < 2 || others.length > 0) {
    throw invalid('a unix socket is written unix:///path/to.sock or unix:///path/to.sock?db=1');
  }
  const path = decode(url.pathname);
  return { path, tls: false, db: database(url.searchParams.get('db') ?? ''), label: `unix://${path}` };
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
