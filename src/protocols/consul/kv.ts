import { fenceIndexOf, kvKeysQuery, kvPrefixQuery, kvQuery, type KvPut } from '../../core/index.ts';
import type { Route, RouteRequest, RouteResponse } from '../../http/index.ts';
import { emptyAnswer, isPretty, jsonAnswer, rawAnswer } from './answers.ts';
import { get, put, type ConsulContext } from './context.ts';
import { badRequest, ConsulError } from './errors.ts';
import { parseUint64, readParameters, requireDatacenter } from './read-parameters.ts';
import { sessionId } from './session-definition.ts';
import { kvShape } from './shapes.ts';

const PATH = '/v1/kv/{key+}';

/** Configuration keys. */
export function kvRoutes(context: ConsulContext): Route[] {
  return [
    get(PATH, (request) => read(context, request)),
    { ...put(PATH, (request) => write(context, request)), bodyLimitBytes: context.options.kvMaxValueBytes },
    { method: 'DELETE', path: PATH, handle: (request) => remove(context, request) },
  ];
}

function read({ reader }: ConsulContext, request: RouteRequest): Promise<RouteResponse> {
  const { query } = request;
  const parameters = readParameters(request);
  const key = request.params['key'] ?? '';
  const pretty = isPretty(request);
  if (query.has('keys')) {
    const separator = query.get('separator') ?? query.get('seperator') ?? '';
    return reader.kv(request, parameters, {
      query: kvKeysQuery(key, separator),
      encode: (keys) => (keys.length === 0 && key !== '' ? emptyAnswer(404) : jsonAnswer(keys, pretty)),
    });
  }
  if (query.has('recurse')) {
    return reader.kv(request, parameters, {
      query: kvPrefixQuery(key),
      encode: (pairs) => (pairs.length === 0 ? emptyAnswer(404) : jsonAnswer(pairs.map(kvShape), pretty)),
    });
  }
  requireKey(key);
  return reader.kv(request, parameters, {
    query: kvQuery(key),
    encode: (pair) => {
      if (pair === undefined) return emptyAnswer(404);
      const answer = query.has('raw') ? rawAnswer(pair.value) : jsonAnswer([kvShape(pair)], pretty);
      return fenced(answer, fenceIndexOf(pair));
    },
  });
}

async function write({ registry }: ConsulContext, request: RouteRequest): Promise<RouteResponse> {
  const { query, body } = request;
  requireDatacenter(query, registry.identity.datacenter);
  const key = requireKey(request.params['key'] ?? '');
  refuseConflict(query, ['cas', 'acquire', 'release']);
  const flags = query.get('flags');
  const put: KvPut = {
    key,
    value: body,
    flags: flags === null ? '0' : String(parseUint64(flags)),
    ...conditionOf(query),
  };
  const pretty = isPretty(request);
  if (query.has('acquire')) {
    const session = sessionId(holderOf(query, 'acquire'));
    const { outcome, fenceIndex } = await registry.kv.acquire({ ...put, session });
    const answer = jsonAnswer(outcome === 'acquired', pretty);
    return outcome === 'acquired' ? fenced(answer, fenceIndex) : answer;
  }
  if (query.has('release')) {
    const session = holderOf(query, 'release').toLowerCase();
    return jsonAnswer(await registry.kv.release({ ...put, session }), pretty);
  }
  return jsonAnswer(await registry.kv.put(put), pretty);
}

async function remove({ registry }: ConsulContext, request: RouteRequest): Promise<RouteResponse> {
  const { query } = request;
  requireDatacenter(query, registry.identity.datacenter);
  const key = request.params['key'] ?? '';
  refuseConflict(query, ['recurse', 'cas']);
  if (query.has('recurse')) {
    await registry.kv.deleteTree(key);
    return jsonAnswer(true, isPretty(request));
  }
  requireKey(key);
  const { expectedRevision } = conditionOf(query);
  return jsonAnswer(await registry.kv.delete(key, expectedRevision), isPretty(request));
}

/** The session that a lock is taken or given up for. */
function holderOf(query: URLSearchParams, operation: string): string {
  const session = query.get(operation) ?? '';
  if (session === '') throw new ConsulError(500, 'missing session');
  return session;
}

/** Adds a lock's fencing token, which Consul's own answers have no place for. */
function fenced(answer: RouteResponse, fenceIndex: number | undefined): RouteResponse {
  if (fenceIndex === undefined) return answer;
  return { ...answer, headers: { ...answer.headers, 'X-Rollcall-Fence-Index': String(fenceIndex) } };
}

function requireKey(key: string): string {
  if (key === '') throw badRequest('Missing key name');
  return key;
}

/** A revision this large cannot be exact as a number, but no key has it either. */
function conditionOf(query: URLSearchParams): { expectedRevision?: number } {
  const cas = query.get('cas');
  return cas === null ? {} : { expectedRevision: Number(parseUint64(cas)) };
}

/** Compat(consul): the refusal of conflicting flags ends in a line break, unlike all others. */
function refuseConflict(query: URLSearchParams, exclusive: readonly string[]): void {
  if (exclusive.filter((flag) => query.has(flag)).length < 2) return;
  const sorted = new URLSearchParams(query);
  sorted.sort();
  // Whoever shows an error to others, shows no token.
  if (sorted.has('token')) sorted.set('token', 'hidden');
  throw badRequest(`Conflicting flags: ${sorted.toString()}\n`);
}
