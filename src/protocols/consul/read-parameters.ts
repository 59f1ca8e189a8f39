import type { RouteRequest } from '../../http/index.ts';
import type { ReadMode } from '../../registry/index.ts';
import type { Selection } from '../../core/index.ts';
import { badRequest, ConsulError } from './errors.ts';
import { DurationError, parseGoDuration } from './go-duration.ts';

const DEFAULT_WAIT_MS = 300_000;
const MAX_WAIT_MS = 600_000;
const UINT64_MAX = 2n ** 64n - 1n;

/** How a read wants to be answered. */
export interface ReadParameters {
  readonly mode: ReadMode;
  /** Answer once the index has passed this; 0 means at once. */
  readonly index: number;
  readonly waitMs: number;
  /** A stale answer may be this old; Infinity where the reader did not say. */
  readonly maxStaleMs: number;
  /** Whether an answer from memory will do, where the endpoint offers that. */
  readonly cached: boolean;
  /** A cached answer may be this old; Infinity where the reader did not say. */
  readonly maxAgeMs: number;
}

/** Throws Consul's errors for a bad consistency mode, Cache-Control, wait or index, in this order. */
export function readParameters({ query, headers }: Pick<RouteRequest, 'query' | 'headers'>): ReadParameters {
  const maxStaleMs = maxStaleOf(query.get('max_stale'));
  const stale = query.has('stale') || (maxStaleMs > 0 && maxStaleMs < Infinity);
  const consistent = query.has('consistent');
  const cached = query.has('cached');
  if (consistent && stale) throw badRequest('Cannot specify ?stale with ?consistent, conflicting semantics.');
  if (consistent && cached)
    throw badRequest('Cannot specify ?cached with ?consistent, conflicting semantics.');
  const maxAgeMs = maxAgeOf(headers['cache-control']);
  const waitMs = waitOf(query.get('wait'));
  const index = indexOf(query.get('index'));
  const mode = consistent ? 'consistent' : stale ? 'stale' : 'default';
  return { mode, index, waitMs, maxStaleMs: maxStaleMs > 0 ? maxStaleMs : Infinity, cached, maxAgeMs };
}

/** `datacenter` wins over `dc`. Throws for any but our own. */
export function requireDatacenter(query: URLSearchParams, datacenter: string): void {
  const asked = query.get('datacenter') || query.get('dc') || datacenter;
  if (asked !== datacenter) throw new ConsulError(500, 'No path to datacenter');
}

/** The conditions on instances that all lookups of a service share. */
export function selectionOf(query: URLSearchParams, passing: boolean): Selection {
  return { tags: query.getAll('tag'), nodeMeta: nodeMetaOf(query), passing };
}

export function nodeMetaOf(query: URLSearchParams): Readonly<Record<string, string>> {
  return Object.fromEntries(
    query.getAll('node-meta').map((pair) => {
      const colon = pair.indexOf(':');
      return colon < 0 ? [pair, ''] : [pair.slice(0, colon), pair.slice(colon + 1)];
    }),
  );
}

export function isPassingOnly(query: URLSearchParams): boolean {
  const text = query.get('passing');
  if (text === null || /^(0|f|F|false|FALSE|False)$/.test(text)) return false;
  if (text === '' || /^(1|t|T|true|TRUE|True)$/.test(text)) return true;
  throw badRequest('Invalid value for ?passing');
}

/** A uint64 as decimal digits without leading zeros. Throws the text of Go's `strconv.ParseUint`. */
export function parseUint64(text: string): bigint {
  const quoted = JSON.stringify(text);
  if (!/^\d+$/.test(text)) throw new ConsulError(500, `strconv.ParseUint: parsing ${quoted}: invalid syntax`);
  const value = text.length > 40 ? UINT64_MAX + 1n : BigInt(text);
  if (value > UINT64_MAX)
    throw new ConsulError(500, `strconv.ParseUint: parsing ${quoted}: value out of range`);
  return value;
}

function indexOf(text: string | null): number {
  if (text === null || text === '') return 0;
  try {
    return Number(parseUint64(text));
  } catch {
    throw badRequest('Invalid index');
  }
}

/** How long a reader wants to wait, at most ten minutes; `unsaidMs` where it does not say. */
export function waitOf(text: string | null, unsaidMs = DEFAULT_WAIT_MS): number {
  if (text === null || text === '') return unsaidMs;
  const waitMs = durationOf(text, 'Invalid wait time');
  return waitMs <= 0 ? unsaidMs : Math.min(waitMs, MAX_WAIT_MS);
}

function maxStaleOf(text: string | null): number {
  if (text === null || text === '') return Infinity;
  return durationOf(text, `Invalid max_stale value ${JSON.stringify(text)}`);
}

/** Milliseconds of `max-age`; directives that mean nothing here are read over. */
function maxAgeOf(header: string | undefined): number {
  let maxAgeMs = Infinity;
  for (const directive of (header ?? '').split(',')) {
    const [name = '', value] = directive.trim().split('=', 2);
    if (!/^(max-age|stale-if-error)$/i.test(name)) continue;
    if (value === undefined || !/^[+-]?\d{1,15}$/.test(value))
      throw badRequest('Invalid Cache-Control header.');
    if (/^max-age$/i.test(name)) maxAgeMs = Number(value) * 1000;
  }
  return maxAgeMs;
}

function durationOf(text: string, refusal: string): number {
  try {
    return parseGoDuration(text);
  } catch (error) {
    throw error instanceof DurationError ? badRequest(refusal) : error;
  }
}
