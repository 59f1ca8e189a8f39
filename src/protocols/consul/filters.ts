import { compileFilter, FilterError, type Filter, type FilterSchema } from '../../core/index.ts';
import type { Clock } from '../../platform/clock.ts';
import { compileRegexp } from '../../platform/regexp.ts';
import { ConsulError } from './errors.ts';

/** Whether `?filter` lets an element of an answer through. */
export type Passes = (element: unknown) => boolean;

interface Compiled {
  readonly text: string;
  readonly schema: FilterSchema;
  readonly filter: Filter;
}

/** The automata of regular expressions may take megabytes each. */
const MAX_COMPILED = 64;
/** Longest one evaluation may keep the process from everything else. */
const MAX_EVALUATION_MS = 2000;
const ALL: Passes = () => true;

/** Compiles `?filter` expressions; as many as 64 are kept, the one unused for longest out first. */
export class Filters {
  readonly #clock: Clock;
  /** Latest use last. */
  #compiled: readonly Compiled[] = [];

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** How many are kept compiled. */
  get size(): number {
    return this.#compiled.length;
  }

  /**
   * Each call of what is returned begins an evaluation, which throws Consul's error 2 s after its first element.
   *
   * Throws Consul's error for an expression that is malformed or not about the schema.
   */
  passing(query: URLSearchParams, schema: FilterSchema): () => Passes {
    const text = query.get('filter') ?? '';
    if (text === '') return () => ALL;
    const isAsked = (each: Compiled) => each.text === text && each.schema === schema;
    const asked = this.#compiled.find(isAsked) ?? { text, schema, filter: compiledFrom(text, schema) };
    const others = this.#compiled.filter((each) => each !== asked);
    this.#compiled = [...others, asked].slice(-MAX_COMPILED);
    return () => within(asked.filter, this.#clock);
  }
}

function within(filter: Filter, clock: Clock): Passes {
  let deadline: number | undefined;
  return (element) => {
    const now = clock.monotonic();
    deadline ??= now + MAX_EVALUATION_MS;
    if (now > deadline)
      throw new ConsulError(500, `Filter evaluation exceeded ${String(MAX_EVALUATION_MS / 1000)}s`);
    return filter.matches(element);
  };
}

function compiledFrom(text: string, schema: FilterSchema): Filter {
  try {
    return compileFilter(text, schema, compileRegexp);
  } catch (error) {
    if (!(error instanceof FilterError)) throw error;
    throw new ConsulError(500, `Failed to create boolean expression evaluator: ${error.message}`);
  }
}
