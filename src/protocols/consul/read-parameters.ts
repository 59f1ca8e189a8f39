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
}

/** Throws Consul's errors for a bad index, wait, consistency mode or datacenter. */
export function readParameters(query: URLSearchParams, datacenter: string): ReadParameters {
  const index = indexOf(query.get('index'));
  const waitMs = waitOf(query.get('wait'));
  const stale = query.has('stale');
  const consistent = query.has('consistent');
  const maxStaleMs = maxStaleOf(query.get('max_stale'));
  if (consistent && stale) throw badRequest('Cannot specify ?stale with ?consistent, conflicting semantics.');
  if (consistent && query.has('cached'))
    throw badRequest('Cannot specify ?cached with ?consistent, conflicting semantics.');
  requireDatacenter(query, datacenter);
  const mode = consistent ? 'consistent' : stale || maxStaleMs < Infinity ? 'stale' : 'default';
  return { mode, index, waitMs, maxStaleMs };
}

/** `datacenter` wins over `dc`. Throws for any but our own. */
export function requireDatacenter(query: URLSearchParams, datacenter: string): void {
  const asked = query.get('datacenter') || query.get('dc') || datacenter;
  if (asked !== datacenter) throw new ConsulError(500, 'No path to datacenter');
}

/** Filter expressions are refused rather than ignored: what they leave out must not be seen. */
export function refuseFilter(query: URLSearchParams): void {
  if ((query.get('filter') ?? '') === '') return;
  throw new ConsulError(
    500,
    'Failed to create boolean expression evaluator: filter expressions are not supported',
  );
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

function waitOf(text: string | null): number {
  if (text === null || text === '') return DEFAULT_WAIT_MS;
  const waitMs = durationOf(text, 'Invalid wait time');
  return waitMs <= 0 ? DEFAULT_WAIT_MS : Math.min(waitMs, MAX_WAIT_MS);
}

function maxStaleOf(text: string | null): number {
  if (text === null || text === '') return Infinity;
  return durationOf(text, `Invalid max_stale value ${JSON.stringify(text)}`);
}

function durationOf(text: string, refusal: string): number {
  try {
    return parseGoDuration(text);
  } catch (error) {
    throw error instanceof DurationError ? badRequest(refusal) : error;
  }
}
