import { ERROR_CODES, RollcallError, type ErrorCode } from '../../core/index.ts';
import {
  BodyTooLargeError,
  BodyUnreadableError,
  type RouteRequest,
  type RouteResponse,
} from '../../http/index.ts';

const CONTENT_TYPE = 'application/problem+json';

/** A problem document (RFC 9457); `code` is the reason that `docs/errors.md` lists. */
export function problem(code: ErrorCode, detail: string | undefined, instance: string): RouteResponse {
  const { status, title } = ERROR_CODES[code];
  const headers: Record<string, string> = { 'Content-Type': CONTENT_TYPE };
  if (status === 503 || status === 429) headers['Retry-After'] = '1';
  const body = JSON.stringify({
    type: 'about:blank',
    title,
    status,
    code,
    ...(detail === undefined ? {} : { detail }),
    instance,
  });
  return { status, headers, body };
}

/** Whatever a handler threw as a problem document; an unexpected error says nothing of itself. */
export function problemOf(error: unknown, request: RouteRequest): RouteResponse {
  if (error instanceof RollcallError) return problem(error.code, error.message, request.path);
  if (error instanceof BodyTooLargeError) return problem('payload_too_large', error.message, request.path);
  if (error instanceof BodyUnreadableError) return problem('invalid_request', error.message, request.path);
  if (error instanceof URIError)
    return problem('invalid_request', 'The path is not valid percent encoding', request.path);
  return problem('internal', undefined, request.path);
}
