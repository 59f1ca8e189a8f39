import type { Query, State } from '../../core/index.ts';
import type { RouteRequest, RouteResponse } from '../../http/index.ts';
import type { Random } from '../../platform/random.ts';
import type { Answer, ReadMode, Registry } from '../../registry/index.ts';
import { AnswerCache } from './answer-cache.ts';
import { readParameters, refuseFilter, type ReadParameters } from './read-parameters.ts';

/** A question to the catalog and how its answer is written; what `encode` makes is kept and shared. */
export interface Question<T> {
  readonly query: Query<T>;
  readonly encode: (value: T, state: State) => RouteResponse;
}

/** Part of a wait over which its end is spread, so that readers do not all come back at once. */
const JITTER_FRACTION = 1 / 16;

/** Answers reads, blocking ones included, each question encoded once per change of what it is about. */
export class Reader {
  readonly #registry: Registry;
  readonly #random: Random;
  readonly #cache = new AnswerCache();

  constructor(registry: Registry, random: Random) {
    this.#registry = registry;
    this.#random = random;
  }

  /** The parameters of a catalog or health read, checked before anything else of the request is. */
  parameters(request: RouteRequest): ReadParameters {
    refuseFilter(request.query);
    return readParameters(request.query, this.#registry.identity.datacenter);
  }

  /** Answers a catalog or health read. */
  async catalog<T>(
    request: RouteRequest,
    parameters: ReadParameters,
    question: Question<T>,
  ): Promise<RouteResponse> {
    const { answer, mode } = await this.#read(request, parameters, question);
    return labelled(answer, consistencyOf(mode, answer));
  }

  /** Answers a read of configuration keys, which does not say how consistent it is. */
  async kv<T>(
    request: RouteRequest,
    parameters: ReadParameters,
    question: Question<T>,
  ): Promise<RouteResponse> {
    return labelled((await this.#read(request, parameters, question)).answer);
  }

  /** Answers a read of the agent, which knows no index. */
  async agent<T>(request: RouteRequest, question: Question<T>): Promise<RouteResponse> {
    refuseFilter(request.query);
    return (await this.#registry.reads.read(this.#remembered(request, question), { mode: 'default' })).value;
  }

  async #read<T>(request: RouteRequest, parameters: ReadParameters, question: Question<T>) {
    const { reads } = this.#registry;
    const { index, waitMs, maxStaleMs } = parameters;
    const isTooOld = parameters.mode === 'stale' && reads.freshness().ageMs > maxStaleMs;
    const mode = isTooOld ? 'default' : parameters.mode;
    const waiting = index > 0 ? { index, waitMs: this.#jittered(waitMs), signal: request.signal } : {};
    return { mode, answer: await reads.read(this.#remembered(request, question), { mode, ...waiting }) };
  }

  #jittered(waitMs: number): number {
    return waitMs + this.#random.fraction() * waitMs * JITTER_FRACTION;
  }

  /** The same query, answering with what was encoded of it at its present index. */
  #remembered<T>(request: RouteRequest, { query, encode }: Question<T>): Query<RouteResponse> {
    const key = questionKey(request);
    return {
      topics: query.topics,
      index: (state) => query.index(state),
      run: (state) => this.#cache.get(key, query.index(state), state, () => encode(query.run(state), state)),
    };
  }
}

/** Parameters that change when or how fresh a path is answered, and not what its answer is. */
const INDIFFERENT = new Set([
  'index',
  'wait',
  'stale',
  'consistent',
  'cached',
  'max_stale',
  'dc',
  'datacenter',
  'near',
  'token',
]);

function questionKey({ path, query }: RouteRequest): string {
  let key = path;
  for (const [name, value] of query) if (!INDIFFERENT.has(name)) key += `\n${name}\n${value}`;
  return key;
}

/** What was asked for, or `stale` where the store could not confirm it. */
function consistencyOf(mode: ReadMode, { knownLeader }: Answer<unknown>): string {
  if (mode === 'default') return knownLeader ? 'leader' : 'stale';
  return mode;
}

/** The answer's response with how fresh it is, and how it was read where that is told. */
function labelled(
  { value, index, ageMs, knownLeader }: Answer<RouteResponse>,
  consistency?: string,
): RouteResponse {
  const headers: Record<string, string> = {
    ...value.headers,
    'X-Consul-Index': String(index),
    'X-Consul-Knownleader': String(knownLeader),
    // While the store confirms the view every two seconds, nothing is known to be missing from it.
    'X-Consul-Lastcontact': knownLeader ? '0' : String(Math.min(ageMs, Number.MAX_SAFE_INTEGER)),
  };
  if (consistency !== undefined) headers['X-Consul-Effective-Consistency'] = consistency;
  return { ...value, headers };
}
