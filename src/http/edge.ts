import type { ServerResponse } from 'node:http';
import type { NextFunction, Request, Response } from 'express';
import type { Clock } from '../platform/clock.ts';
import type { Logger } from '../platform/logger.ts';
import { readBody } from './body.ts';
import { EdgeRequest } from './edge-request.ts';
import {
  BodyTooLargeError,
  BodyUnreadableError,
  DEFAULT_BODY_LIMIT_BYTES,
  type Dialect,
  type Route,
  type RouteRequest,
  type RouteResponse,
} from './route.ts';
import { RouteTable } from './route-table.ts';

/** Told once per request that a dialect answered. */
export type OnAnswered = (dialect: string, status: number, seconds: number) => void;

interface Deps {
  readonly dialects: readonly Dialect[];
  readonly clock: Clock;
  readonly logger: Logger;
  readonly onAnswered: OnAnswered;
  /** Ends blocked reads when the process stops. */
  readonly shutdown: AbortSignal;
}

interface Mounted {
  readonly dialect: Dialect;
  readonly table: RouteTable;
}

/** Express middleware that finds a request's dialect and route, and sends what the route answers. */
export function createEdge(deps: Deps): (request: Request, response: Response, next: NextFunction) => void {
  const mounts = new Map<string, Mounted>();
  for (const dialect of deps.dialects) {
    const mounted = { dialect, table: new RouteTable(dialect.routes, dialect.ignoreTrailingSlash) };
    for (const prefix of dialect.prefixes) mounts.set(prefix.slice(1), mounted);
  }
  return (request, response, next) => {
    const incoming = new EdgeRequest(request, response, deps.shutdown);
    const mounted = mounts.get(firstSegment(incoming.path));
    if (mounted === undefined) {
      next();
      return;
    }
    const startedAt = deps.clock.monotonic();
    void answer(deps.logger, mounted, request, incoming)
      .then((result) => {
        send(response, result);
        deps.onAnswered(mounted.dialect.name, result.status, (deps.clock.monotonic() - startedAt) / 1000);
      })
      .catch((error: unknown) => {
        deps.logger.error({ err: error, path: incoming.path }, 'an answer could not be sent');
        response.destroy();
      });
  };
}

async function answer(
  logger: Logger,
  mounted: Mounted,
  request: Request,
  incoming: EdgeRequest,
): Promise<RouteResponse> {
  const { dialect } = mounted;
  try {
    const found = locate(mounted, incoming);
    if ('status' in found) return found;
    incoming.params = found.params;
    if (incoming.method !== 'GET' && incoming.method !== 'HEAD') {
      incoming.body = await readBody(request, found.route.bodyLimitBytes ?? DEFAULT_BODY_LIMIT_BYTES);
    }
    return await found.route.handle(incoming);
  } catch (error) {
    return failure(logger, dialect, error, incoming);
  }
}

interface Located {
  readonly route: Route;
  readonly params: Readonly<Record<string, string>>;
}

function locate({ dialect, table }: Mounted, incoming: EdgeRequest): Located | RouteResponse {
  const path = cleanPath(incoming.path);
  if (path !== incoming.path && dialect.uncleanPath === 'redirect') return redirect(path, incoming.queryText);
  const method = incoming.method === 'HEAD' && dialect.headAsGet ? 'GET' : incoming.method;
  const match = table.match(method, path);
  switch (match.kind) {
    case 'route':
      return match;
    case 'wrong-method':
      return method === 'OPTIONS'
        ? dialect.options(match.allowed)
        : dialect.methodNotAllowed(incoming, match.allowed);
    case 'none':
      return dialect.notFound(incoming);
  }
}

function failure(logger: Logger, dialect: Dialect, error: unknown, incoming: RouteRequest): RouteResponse {
  const spelled = dialect.failure(error, incoming);
  const edgeError = error instanceof BodyTooLargeError || error instanceof BodyUnreadableError;
  if (spelled.status >= 500) {
    logger.warn({ err: error, method: incoming.method, path: incoming.path }, 'a request failed');
  }
  // What is left of an unread body must not be taken for the next request.
  return edgeError ? { ...spelled, headers: { ...spelled.headers, Connection: 'close' } } : spelled;
}

function send(response: ServerResponse, { status, headers, body, stream }: RouteResponse): void {
  if (response.destroyed || response.headersSent) {
    stream?.destroy();
    return;
  }
  if (stream !== undefined) {
    writeHead(response, status, headers);
    response.flushHeaders();
    stream.on('error', () => response.destroy());
    response.once('close', () => stream.destroy());
    stream.pipe(response);
    return;
  }
  writeHead(response, status, status === 204 || status === 304 ? headers : withLength(headers, body));
  response.end(body);
}

type Headers = Readonly<Record<string, string>> | undefined;

/** Node refuses header values that are not Latin-1; they are sent as UTF-8, control characters as spaces. */
function writeHead(response: ServerResponse, status: number, headers: Headers): void {
  try {
    response.writeHead(status, headers);
  } catch {
    const sendable = Object.entries(headers ?? {}).map(([name, value]) => {
      const printable = value.replace(/[\u0000-\u001f\u007f]/g, ' ');
      return [name, Buffer.from(printable, 'utf8').toString('latin1')] as const;
    });
    response.writeHead(status, Object.fromEntries(sendable));
  }
}

/** The headers with the length of the body; those of a shared answer have it already. */
function withLength(
  headers: Headers,
  body: string | Uint8Array | undefined,
): Readonly<Record<string, string>> {
  if (headers?.['Content-Length'] !== undefined) return headers;
  return { ...headers, 'Content-Length': String(body === undefined ? 0 : Buffer.byteLength(body)) };
}

function redirect(path: string, queryText: string): RouteResponse {
  return { status: 301, headers: { Location: queryText === '' ? path : `${path}?${queryText}` } };
}

function firstSegment(path: string): string {
  const end = path.indexOf('/', 1);
  return end < 0 ? path.slice(1) : path.slice(1, end);
}

/** Resolves `//`, `/./` and `/../`, encoded or not; leaves every other path as it is. */
export function cleanPath(path: string): string {
  const plain = path.includes('%') ? path.replace(/%2f/gi, '/').replace(/%2e/gi, '.') : path;
  if (!/\/(?:\/|\.{1,2}(?:\/|$))/.test(plain)) return path;
  const kept: string[] = [];
  for (const segment of plain.split('/')) {
    if (segment === '..') kept.pop();
    else if (segment !== '' && segment !== '.') kept.push(segment);
  }
  return `/${kept.join('/')}${plain.endsWith('/') && kept.length > 0 ? '/' : ''}`;
}
