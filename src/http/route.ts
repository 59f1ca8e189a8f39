import type { IncomingHttpHeaders } from 'node:http';
import type { Readable } from 'node:stream';

export type Method = 'GET' | 'PUT' | 'POST' | 'DELETE';

/** A request as dialects see it. */
export interface RouteRequest {
  readonly method: string;
  /** Path as sent, still encoded, without the query. */
  readonly path: string;
  /** Decoded values of the path's `{parameters}`. */
  readonly params: Readonly<Record<string, string>>;
  readonly query: URLSearchParams;
  readonly headers: IncomingHttpHeaders;
  /** Body bytes, already unzipped; empty when there was none. */
  readonly body: Uint8Array;
  /** IP address of the client. */
  readonly remoteAddress: string;
  /** Aborts when the client goes away or the server is shutting down. */
  readonly signal: AbortSignal;
}

/** An answer; `body` bytes are sent as they are and may be shared between answers. */
export interface RouteResponse {
  readonly status: number;
  /** A shared answer brings its `Content-Length` along; for others the edge adds it. */
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Uint8Array;
  /** Sent as it comes, until it ends or the client goes; instead of `body`. */
  readonly stream?: Readable;
  /** The answer proper, which is waited for; the rest of this one means nothing then. */
  readonly later?: Later;
  /** Left out, the route is asked each time. */
  readonly reuse?: Reuse;
}

/** Who waits for an answer. */
export interface Awaiting {
  ready(): void;
}

/** A wait that can be ended at once. */
export interface Pending {
  cancel(): void;
}

/**
 * An answer that comes when there is news, or when time is up.
 *
 * While it is waited for, its request costs no promise, timer or closure: tens of thousands may wait.
 */
export interface Later {
  /** Tells `awaiting` once that it is ready, perhaps before this returns; when cancelled, at once. */
  start(awaiting: Awaiting): Pending;
  /** The answer, asked for once it is ready. */
  answer(): RouteResponse | Promise<RouteResponse>;
}

/**
 * When an answer to a GET may be given again to whoever asks the same: same path and query, and same values
 * of the headers in the dialect's `variesBy`.
 */
export interface Reuse {
  /** What must happen before `isCurrent` may be asked; undefined where that is nothing. */
  prepare(): Promise<void> | undefined;
  /** Whether the route would give that very answer now. */
  isCurrent(): boolean;
}

/**
 * One operation of a dialect: method, path and what answers it.
 *
 * `path` is written as OpenAPI writes it. A parameter named with a trailing `+`, such as `{key+}`, is
 * last and takes the rest of the path, slashes included, and may be empty.
 */
export interface Route {
  readonly method: Method;
  readonly path: string;
  /** Path of the operation that this is another spelling of; the OpenAPI document shows that one only. */
  readonly aliasOf?: string;
  /** Says only that a feature is off; the OpenAPI document leaves it out. */
  readonly isOff?: boolean;
  /** Largest accepted body in bytes; default `DEFAULT_BODY_LIMIT_BYTES`. */
  readonly bodyLimitBytes?: number;
  /** Brings something into the catalog, of which only so many per second are let in; default false. */
  readonly isRegistration?: boolean;
  readonly handle: (request: RouteRequest) => Promise<RouteResponse> | RouteResponse;
}

export const DEFAULT_BODY_LIMIT_BYTES = 1024 * 1024;

/** A dialect as the edge mounts it: its routes, and its spelling of what the edge itself refuses. */
export interface Dialect {
  readonly name: string;
  /** Paths this dialect answers for, such as `/v1`; requests under them that match no route are its 404s. */
  readonly prefixes: readonly string[];
  readonly routes: readonly Route[];
  /** Whether `/path/` is the same resource as `/path`. */
  readonly ignoreTrailingSlash: boolean;
  /** What becomes of `//`, `/./` and `/../` in a path: a 301 to the clean path, or the clean path's answer. */
  readonly uncleanPath: 'redirect' | 'collapse';
  /** Whether HEAD is answered as GET without its body; otherwise it is a method like any other. */
  readonly headAsGet: boolean;
  /** Names, in lower case, of the request headers that an answer with `reuse` may depend on; default none. */
  readonly variesBy?: readonly string[];
  notFound(request: RouteRequest): RouteResponse;
  /** `allowed` in the order the routes declare them. */
  methodNotAllowed(request: RouteRequest, allowed: readonly Method[]): RouteResponse;
  /** Answers OPTIONS for a known path. */
  options(allowed: readonly Method[]): RouteResponse;
  /** Spells an error thrown by a handler, a body that is too large, or broken gzip; never a stack trace. */
  failure(error: unknown, request: RouteRequest): RouteResponse;
}

/** A body above its route's limit. */
export class BodyTooLargeError extends Error {
  readonly limitBytes: number;
  /** Content-Length as sent, or what had arrived when reading stopped. */
  readonly lengthBytes: number;

  constructor(lengthBytes: number, limitBytes: number) {
    super(`Request body(${String(lengthBytes)} bytes) too large, max size: ${String(limitBytes)} bytes.`);
    this.name = 'BodyTooLargeError';
    this.limitBytes = limitBytes;
    this.lengthBytes = lengthBytes;
  }
}

/** A body that could not be read as its headers say. */
export class BodyUnreadableError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'BodyUnreadableError';
  }
}
