import type { RouteRequest, RouteResponse } from '../../http/index.ts';
import { encodeGoJson, indentJson, type GoValue } from './go-json.ts';

const ACL_HEADERS = { 'X-Consul-Default-Acl-Policy': 'allow', Vary: 'Accept-Encoding' };
const EMPTY_HEADERS = { ...ACL_HEADERS, 'Content-Length': '0' };
const JSON_HEADERS = { ...ACL_HEADERS, 'Content-Type': 'application/json' };
const TEXT_HEADERS = { ...ACL_HEADERS, 'Content-Type': 'text/plain; charset=utf-8' };

/** Consul spells every error, and a few answers, as bare text. */
export function plainText(
  status: number,
  body: string,
  headers: Readonly<Record<string, string>> = {},
): RouteResponse {
  return { status, headers: { ...TEXT_HEADERS, ...headers }, body };
}

export function jsonAnswer(value: GoValue, pretty: boolean): RouteResponse {
  const body = encodeGoJson(value);
  return { status: 200, headers: JSON_HEADERS, body: Buffer.from(pretty ? `${indentJson(body)}\n` : body) };
}

/** An answer without a body: what agent writes return, and a key that is absent. */
export function emptyAnswer(status = 200): RouteResponse {
  return { status, headers: EMPTY_HEADERS };
}

/** Bytes that a browser must not take for a page. */
export function rawAnswer(body: Uint8Array): RouteResponse {
  const headers = {
    ...ACL_HEADERS,
    'Content-Type': 'text/plain',
    'X-Content-Type-Options': 'nosniff',
    'Content-Security-Policy': 'sandbox',
  };
  return { status: 200, headers, body };
}

export function isPretty(request: RouteRequest): boolean {
  return request.query.has('pretty');
}
