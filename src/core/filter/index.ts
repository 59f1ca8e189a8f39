import { bindExpression, type Matcher } from './bind.ts';
import { FilterError } from './error.ts';
import type { Expression } from './expression.ts';
import { parseExpression } from './parse.ts';
import type { FilterSchema } from './schema.ts';

export type { Matcher } from './bind.ts';
export { FilterError } from './error.ts';
export type { FilterField, FilterSchema } from './schema.ts';

const MAX_LENGTH = 8192;
const MAX_DEPTH = 32;
const MAX_MATCHES = 64;

/** A filter ready to use on any number of values. */
export interface Filter {
  /** Whether a value of the schema passes; never throws. */
  matches(value: unknown): boolean;
}

/**
 * Compiles a filter such as `Service.Port == 80 and Checks.Status != passing`; the empty one passes everything.
 *
 * At most 8,192 characters, 64 matches, and 32 levels of `not` and grouping. Throws a `FilterError` if
 * the text is malformed or not about values of the schema. The language is that of HashiCorp's go-bexpr 0.1.
 */
export function compileFilter(text: string, schema: FilterSchema, matcher: Matcher): Filter {
  if (text === '') return { matches: () => true };
  if (text.length > MAX_LENGTH) throw tooMany('characters', text.length, MAX_LENGTH);
  const expression = parseExpression(text, MAX_DEPTH);
  const count = countMatches(expression);
  if (count > MAX_MATCHES) throw tooMany('match expressions', count, MAX_MATCHES);
  return { matches: bindExpression(expression, schema, matcher) };
}

function countMatches(expression: Expression): number {
  switch (expression.kind) {
    case 'match':
      return 1;
    case 'not':
      return countMatches(expression.operand);
    default:
      return expression.operands.reduce((sum, operand) => sum + countMatches(operand), 0);
  }
}

function tooMany(things: string, count: number, limit: number): FilterError {
  return new FilterError('meaning', `Number of ${things} (${count}) exceeds the limit (${limit})`);
}
