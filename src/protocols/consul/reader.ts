import {
  coordinateOf,
  indexOf,
  RollcallError,
  sortedByDistance,
  versionOf,
  type FilterSchema,
  type Query,
  type Revision,
  type State,
} from '../../core/index.ts';
import type { Reuse, RouteRequest, RouteResponse } from '../../http/index.ts';
import type { Clock } from '../../platform/clock.ts';
import type { Random } from '../../platform/random.ts';
import type { Answer, Freshness, ReadMode, Registry } from '../../registry/index.ts';
import { AnswerCache } from './answer-cache.ts';
import { BlockedRead, type Shown } from './blocked-read.ts';
import { CachedQuestions } from './cached-questions.ts';
import { CurrentAnswer } from './current-answer.ts';
import { ConsulError, failureOf } from './errors.ts';
import { Filters, type Passes } from './filters.ts';
import { readParameters, requireDatacenter, type ReadParameters } from './read-parameters.ts';
import { WaitedQueries } from './waited-queries.ts';

/** A question to the catalog and how its answer is written; what `encode` makes is kept and shared. */
export interface Question<T> {
  readonly query: Query<T>;
  readonly encode: (value: T, state: State, passes: Passes) => RouteResponse;
  /** What `?filter` is about; left out, the endpoint knows no filter. */
  readonly schema?: FilterSchema;
  /** Whether `?cached` is known here. */
  readonly cacheable?: boolean;
  /** Whether each answer is made anew, and none is kept. */
  readonly isVolatile?: boolean;
  /** The value in the order of `?near`; left out, the endpoint knows no such order. */
  readonly sorted?: (value: T, by: ByDistance) => T;
}

/** Sorts what belongs to nodes by how far these are. */
export type ByDistance = <I>(items: readonly I[], nodeOf: (item: I) => string) => I[];

/** Part of a wait over which its end is spread, so that readers do not all come back at once. */
const JITTER_FRACTION = 1 / 16;

/** Answers reads, blocking ones included, each question encoded once per change of what it is about. */
export class Reader {
  readonly #registry: Registry;
  readonly #random: Random;
  readonly #cache = new AnswerCache();
  readonly #cachedQuestions = new CachedQuestions();
  readonly #waited = new WaitedQueries();
  readonly #filters: Filters;

  constructor(registry: Registry, { random, clock }: { random: Random; clock: Clock }) {
    this.#registry = registry;
    this.#random = random;
    this.#filters = new Filters(clock);
  }

  /** The parameters of a read, checked before anything else of the request is. */
  parameters(request: RouteRequest): ReadParameters {
    return readParameters(request);
  }

  /** What `?filter` lets through, for one evaluation. Throws Consul's error for a bad filter. */
  filter({ query }: RouteRequest, schema: FilterSchema): Passes {
    return this.#filters.passing(query, schema)();
  }

  /** Answers a catalog or health read. */
  async catalog<T>(
    request: RouteRequest,
    parameters: ReadParameters,
    question: Question<T>,
  ): Promise<RouteResponse> {
    const cached = parameters.cached && question.cacheable === true;
    try {
      const shown = cached ? this.#shownAsCached(questionKey(request)) : shownWithMode;
      return await this.#read(request, { ...parameters, cached }, question, shown);
    } catch (error) {
      return refusedRead(error, request);
    }
  }

  /** Answers with what never changes, and has no index, but knows `?cached`. */
  fixed(request: RouteRequest, response: RouteResponse): RouteResponse {
    const { cached } = this.parameters(request);
    if (!cached) return response;
    return this.#withCacheHeaders(questionKey(request), response, this.#registry.reads.freshness());
  }

  /** Answers a read of configuration keys, which does not say how consistent it is. */
  async kv<T>(
    request: RouteRequest,
    parameters: ReadParameters,
    question: Question<T>,
  ): Promise<RouteResponse> {
    return this.#read(request, { ...parameters, cached: false }, question, shownPlainly);
  }

  /** Answers a read of the agent, which knows no index. */
  async agent<T>(request: RouteRequest, question: Question<T>): Promise<RouteResponse> {
    const { query } = this.#remembered(request, question);
    return (await this.#registry.reads.read(query, { mode: 'default' })).value;
  }

  #shownAsCached(key: string): Shown {
    return (answer, mode) => this.#withCacheHeaders(key, shownWithMode(answer, mode), answer);
  }

  /** The answer with what tells a reader of `?cached` whether it was asked before, and how old it is. */
  #withCacheHeaders(key: string, response: RouteResponse, { ageMs, knownLeader }: Freshness): RouteResponse {
    const isHit = this.#cachedQuestions.ask(key);
    // As for LastContact, nothing is missing from a view that the store keeps confirming.
    const age = knownLeader ? 0 : Math.floor(ageMs / 1000);
    const headers: Record<string, string> = isHit
      ? { 'X-Cache': 'HIT', Age: String(age) }
      : { 'X-Cache': 'MISS' };
    return { ...response, headers: { ...response.headers, ...headers } };
  }

  async #read<T>(
    request: RouteRequest,
    parameters: ReadParameters,
    question: Question<T>,
    shown: Shown,
  ): Promise<RouteResponse> {
    const { reads, identity } = this.#registry;
    const { index, waitMs, maxStaleMs, cached, maxAgeMs } = parameters;
    requireDatacenter(request.query, identity.datacenter);
    const { query, key } = this.#remembered(request, question);
    const { ageMs } = reads.freshness();
    const mode = parameters.mode === 'stale' && ageMs > maxStaleMs ? 'default' : parameters.mode;
    const fromMemory = cached && ageMs <= maxAgeMs + MEMORY_AGE_MS;
    await reads.confirm(fromMemory ? 'stale' : mode);
    if (index > 0 && !reads.hasNews(query, index)) {
      const waited = key === undefined ? query : this.#waited.share(key, query);
      const wait = { query: waited, mode, index, waitMs: this.#jittered(waitMs), shown };
      return { status: 200, later: new BlockedRead(reads, wait) };
    }
    const answer = reads.answer(query);
    const isRepeatable = index === 0 && !cached && maxStaleMs === Infinity && mode !== 'consistent';
    // Where a node is may come to be known without a change of the answer's version.
    const isOfVersion = question.isVolatile !== true && !request.query.has('near');
    const reuse = isRepeatable && isOfVersion ? this.#reuse(question.query, query, mode, answer) : undefined;
    return reusable(shown(answer, mode), reuse);
  }

  /** Undefined where the answer is not, or no longer, what was encoded once for everybody. */
  #reuse(
    query: Query<unknown>,
    remembered: Query<RouteResponse>,
    mode: ReadMode,
    { value, index, knownLeader }: Answer<RouteResponse>,
  ): Reuse | undefined {
    const { state } = this.#registry;
    const isHeld = remembered.run(state) === value && indexOf(query, state) === index;
    if (!isHeld || !knownLeader || value.status !== 200) return undefined;
    return new CurrentAnswer(this.#registry, query, mode === 'default');
  }

  /** The node to sort by distance from; '' where nobody asks, or nobody knows where it is. */
  #nearOf({ query }: RouteRequest): string {
    const { identity, state } = this.#registry;
    const asked = query.get('near') ?? '';
    const near = asked === '_agent' ? identity.agentName : asked;
    return near === '' || coordinateOf(state, near) === undefined ? '' : near;
  }

  #jittered(waitMs: number): number {
    return waitMs + this.#random.fraction() * waitMs * JITTER_FRACTION;
  }

  /** The same query, answering with what was encoded of it at its present version. */
  #remembered<T>(request: RouteRequest, question: Question<T>): Remembered {
    const { query, encode, schema, sorted, isVolatile } = question;
    const passing = schema === undefined ? () => ANY : this.#filters.passing(request.query, schema);
    const near = sorted === undefined ? '' : this.#nearOf(request);
    if (isVolatile === true || near !== '') {
      const byDistance = (state: State): ByDistance => {
        return (items, nodeOf) => sortedByDistance(state, near, items, nodeOf);
      };
      const ordered = (state: State, value: T) => sorted?.(value, byDistance(state)) ?? value;
      const run = (state: State) => encode(ordered(state, query.run(state)), state, passing());
      return { query: { ...query, run }, key: undefined };
    }
    const key = request.query.has('pretty') ? `${questionKey(request)}\npretty` : questionKey(request);
    const run = (state: State) =>
      this.#cache.get(key, versionOf(query, state), state, () => encode(query.run(state), state, passing()));
    return { query: { ...query, run }, key };
  }
}

/** What a request asks, answered with what was encoded before where that may be. */
interface Remembered {
  readonly query: Query<RouteResponse>;
  /** The same for all who ask the same; undefined where each answer is made anew. */
  readonly key: string | undefined;
}

const ANY: Passes = () => true;
/** The store confirms the view this often at least, so memory that young is up to date. */
const MEMORY_AGE_MS = 3000;

/** Parameters that change when or how fresh a path is answered, or its layout, and not what its answer is. */
const INDIFFERENT = new Set([
  'index',
  'wait',
  'stale',
  'consistent',
  'leader',
  'cached',
  'max_stale',
  'dc',
  'datacenter',
  'near',
  'pretty',
  'token',
]);

function questionKey({ path, query }: RouteRequest): string {
  let key = path;
  for (const [name, value] of query) if (!INDIFFERENT.has(name)) key += `\n${name}\n${value}`;
  return key;
}

/** Compat(consul): a read that the catalog refuses tells of index 1 and of no leader. */
export function refusedRead(error: unknown, request: RouteRequest): RouteResponse {
  if (!(error instanceof ConsulError) && !(error instanceof RollcallError)) throw error;
  const response = failureOf(error, request);
  const unknown = { 'X-Consul-Index': '1', 'X-Consul-Knownleader': 'false', 'X-Consul-Lastcontact': '0' };
  return { ...response, headers: { ...response.headers, ...unknown } };
}

function reusable(response: RouteResponse, reuse: Reuse | undefined): RouteResponse {
  return reuse === undefined ? response : { ...response, reuse };
}

const shownWithMode: Shown = (answer, mode) => labelled(answer, consistencyOf(mode, answer));
const shownPlainly: Shown = (answer) => labelled(answer);

/** What was asked for, or `stale` where the store could not confirm it. */
function consistencyOf(mode: ReadMode, { knownLeader }: Answer<unknown>): string {
  if (mode === 'default') return knownLeader ? 'leader' : 'stale';
  return mode;
}

/** The answer's response with how fresh it is, and how it was read where that is told. */
export function labelled(answer: Answer<RouteResponse>, consistency?: string): RouteResponse {
  const { value, index, knownLeader } = answer;
  if (!knownLeader) return withFreshness(answer, consistency);
  const held = confirmed.get(value);
  if (held?.index === index && held.consistency === consistency) return held.response;
  const response = withFreshness(answer, consistency);
  confirmed.set(value, { index, consistency, response });
  return response;
}

interface Confirmed {
  readonly index: Revision;
  readonly consistency: string | undefined;
  readonly response: RouteResponse;
}

/** While the store confirms the view, the labels of an encoded answer change with its index only. */
const confirmed = new WeakMap<RouteResponse, Confirmed>();

function withFreshness(
  { value, index, ageMs, knownLeader }: Answer<RouteResponse>,
  consistency: string | undefined,
): RouteResponse {
  const headers: Record<string, string> = {
    ...value.headers,
    'X-Consul-Index': String(index),
    'X-Consul-Knownleader': String(knownLeader),
    // While the store confirms the view every two seconds, nothing is known to be missing from it.
    'X-Consul-Lastcontact': knownLeader ? '0' : String(Math.min(ageMs, Number.MAX_SAFE_INTEGER)),
    'Content-Length': String(value.body === undefined ? 0 : Buffer.byteLength(value.body)),
  };
  if (consistency !== undefined) headers['X-Consul-Effective-Consistency'] = consistency;
  return { ...value, headers };
}
