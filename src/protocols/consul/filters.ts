import { compileFilter, FilterError, type Filter, type FilterSchema } from '../../core/index.ts';
import { compileRegexp } from '../../platform/regexp.ts';
import { ConsulError } from './errors.ts';

/** Whether `?filter` lets an element of an answer through. */
export type Passes = (element: unknown) => boolean;

const MAX_COMPILED = 500;

/** Compiles `?filter` expressions; as many as 500 of each schema are kept, the oldest out first. */
export class Filters {
  readonly #compiled = new Map<FilterSchema, Map<string, Filter>>();

  /** Throws Consul's error for an expression that is malformed or not about the schema. */
  passing(query: URLSearchParams, schema: FilterSchema): Passes {
    const text = query.get('filter') ?? '';
    if (text === '') return () => true;
    const compiled = this.#of(schema);
    const filter = compiled.get(text) ?? compiledFrom(text, schema);
    compiled.set(text, filter);
    for (const oldest of compiled.keys()) {
      if (compiled.size <= MAX_COMPILED) break;
      compiled.delete(oldest);
    }
    return (element) => filter.matches(element);
  }

  #of(schema: FilterSchema): Map<string, Filter> {
    const held = this.#compiled.get(schema) ?? new Map<string, Filter>();
    this.#compiled.set(schema, held);
    return held;
  }
}

function compiledFrom(text: string, schema: FilterSchema): Filter {
  try {
    return compileFilter(text, schema, compileRegexp);
  } catch (error) {
    if (!(error instanceof FilterError)) throw error;
    throw new ConsulError(500, `Failed to create boolean expression evaluator: ${error.message}`);
  }
}
