import type { IncomingMessage, ServerResponse } from 'node:http';
import type { NextFunction } from 'express';
import { RollcallError } from '../core/index.ts';
import type { Clock } from '../platform/clock.ts';
import type { Logger } from '../platform/logger.ts';
import type { Admission } from './admission.ts';
import { mayHaveBody, readBody } from './body.ts';
import { EdgeRequest } from './edge-request.ts';
import { LookupLane, type KeptAnswer } from './lookup-lane.ts';
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
import { sendAgain, Sender } from './sendable.ts';
import { WaitingExchanges } from './waiting.ts';

/** Told once per request that a dialect answered. */
export type OnAnswered = (dialect: string, status: number, seconds: number) => void;

interface Deps {
  readonly dialects: readonly Dialect[];
  readonly clock: Clock;
  readonly logger: Logger;
  readonly onAnswered: OnAnswered;
  /** Ends blocked reads when the process stops. */
  readonly shutdown: AbortSignal;
  /** Lets registrations in; default: all of them. */
  readonly admission?: Admission;
}

interface Mounted {
  readonly dialect: Dialect;
  readonly table: RouteTable;
}

/** A request and where its answer goes. */
interface Exchange {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly mounted: Mounted;
  readonly startedAt: number;
}

/**
 * Finds a request's dialect and route, and sends what the route answers.
 *
 * An answer that says when it may be given again is, without asking the route, for as long as it is current.
 */
export class Edge {
  readonly #deps: Deps;
  readonly #mounts = new Map<string, Mounted>();
  readonly #lane: LookupLane;
  readonly #sender = new Sender();
  readonly #waiting: WaitingExchanges<Exchange>;

  constructor(deps: Deps) {
    this.#deps = deps;
    this.#lane = new LookupLane(deps.dialects.flatMap(({ variesBy = [] }) => variesBy));
    for (const dialect of deps.dialects) {
      const mounted = { dialect, table: new RouteTable(dialect.routes, dialect.ignoreTrailingSlash) };
      for (const prefix of dialect.prefixes) this.#mounts.set(prefix.slice(1), mounted);
    }
    this.#waiting = new WaitingExchanges(deps.shutdown, (exchange, later) => {
      this.#settle(exchange, () => later.answer());
    });
  }

  /** As express middleware. */
  readonly middleware = (request: IncomingMessage, response: ServerResponse, next: NextFunction): void => {
    if (!this.#route(request, response)) next();
  };

  /** Answers a request ahead of the app, which would ask this edge first; whether it is, or will be, answered. */
  answer(request: IncomingMessage, response: ServerResponse): boolean {
    return this.#repeat(request, response) || this.#route(request, response);
  }

  /** Gives an answer that was given before; whether this request is, or will be, answered. */
  #repeat(request: IncomingMessage, response: ServerResponse): boolean {
    const kept = this.#lane.find(request);
    if (kept === undefined) return false;
    const startedAt = this.#deps.clock.monotonic();
    const preparing = kept.reuse.prepare();
    if (preparing === undefined) return this.#sendIfCurrent(kept, response, startedAt);
    const resume = () => {
      if (!this.#sendIfCurrent(kept, response, startedAt)) this.#route(request, response);
    };
    preparing.then(resume, resume);
    return true;
  }

  /** Has the route of a request answer it; whether there is a dialect for it. */
  #route(request: IncomingMessage, response: ServerResponse): boolean {
    const incoming = new EdgeRequest(request, response, this.#deps.shutdown);
    const mounted = this.#mounts.get(firstSegment(incoming.path));
    if (mounted === undefined) return false;
    const exchange = { request, response, mounted, startedAt: this.#deps.clock.monotonic() };
    this.#settle(exchange, () => answer(this.#deps, mounted, request, incoming));
    return true;
  }

  /** Sends what is answered, once it is. */
  #settle(exchange: Exchange, ask: () => RouteResponse | Promise<RouteResponse>): void {
    let answering: RouteResponse | Promise<RouteResponse>;
    try {
      answering = ask();
    } catch (error) {
      this.#fail(exchange, error);
      return;
    }
    if (answering instanceof Promise) {
      answering.then(
        (result) => this.#finish(exchange, result),
        (error: unknown) => this.#fail(exchange, error),
      );
    } else {
      this.#finish(exchange, answering);
    }
  }

  #finish(exchange: Exchange, result: RouteResponse): void {
    const { request, response, mounted, startedAt } = exchange;
    try {
      if (result.later !== undefined) {
        this.#waiting.add(exchange, result.later);
        return;
      }
      const { name } = mounted.dialect;
      this.#sender.send(response, result);
      this.#lane.keep(request, name, result);
      this.#answered(name, result.status, startedAt);
    } catch (error) {
      this.#cut(exchange, error);
    }
  }

  #fail(exchange: Exchange, error: unknown): void {
    let spelled: RouteResponse;
    try {
      spelled = this.#failure(exchange, error);
    } catch (again) {
      this.#cut(exchange, again);
      return;
    }
    this.#finish(exchange, spelled);
  }

  #cut({ request, response }: Exchange, error: unknown): void {
    const { path } = new EdgeRequest(request, response, this.#deps.shutdown);
    this.#deps.logger.error({ err: error, path }, 'an answer could not be sent');
    response.destroy();
  }

  #failure({ request, response, mounted }: Exchange, error: unknown): RouteResponse {
    const { logger, shutdown } = this.#deps;
    const incoming = new EdgeRequest(request, response, shutdown);
    const spelled = mounted.dialect.failure(error, incoming);
    if (spelled.status >= 500)
      logger.warn({ err: error, method: incoming.method, path: incoming.path }, 'a request failed');
    const isUnread = error instanceof BodyTooLargeError || error instanceof BodyUnreadableError;
    // What is left of an unread body must not be taken for the next request.
    return isUnread ? { ...spelled, headers: { ...spelled.headers, Connection: 'close' } } : spelled;
  }

  #sendIfCurrent(kept: KeptAnswer, response: ServerResponse, startedAt: number): boolean {
    if (!kept.reuse.isCurrent()) return false;
    sendAgain(response, kept.sendable);
    this.#answered(kept.dialect, kept.sendable.status, startedAt);
    return true;
  }

  #answered(dialect: string, status: number, startedAt: number): void {
    this.#deps.onAnswered(dialect, status, (this.#deps.clock.monotonic() - startedAt) / 1000);
  }
}

/** What the request's route answers; a promise only where there is something to wait for. */
function answer(
  { admission }: Deps,
  mounted: Mounted,
  request: IncomingMessage,
  incoming: EdgeRequest,
): RouteResponse | Promise<RouteResponse> {
  const found = locate(mounted, incoming);
  if ('status' in found) return found;
  const { route, params } = found;
  const retrySeconds = route.isRegistration === true ? admission?.take() : undefined;
  if (retrySeconds !== undefined) return overloaded(mounted.dialect, incoming, retrySeconds);
  incoming.params = params;
  if (!mayHaveBody(request)) return route.handle(incoming);
  return readBody(request, route.bodyLimitBytes ?? DEFAULT_BODY_LIMIT_BYTES).then((body) => {
    incoming.body = body;
    return route.handle(incoming);
  });
}

/** In the dialect's words, but always with a status that its clients try again after. */
function overloaded(dialect: Dialect, incoming: RouteRequest, retrySeconds: number): RouteResponse {
  const refusal = dialect.failure(new RollcallError('overloaded'), incoming);
  return { ...refusal, status: 503, headers: { ...refusal.headers, 'Retry-After': String(retrySeconds) } };
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
