import { coerce, type Scalar } from './coerce.ts';
import { FilterError } from './error.ts';
import type { Expression, Match, Operator } from './expression.ts';
import { quote } from './quote.ts';
import type { FilterField, FilterSchema } from './schema.ts';
import { elementsOf, entryOf, isEmpty, scalarIn, textOf } from './value.ts';

/**
 * Compiles a regular expression to a test whether it occurs in a text; throws an `Error` with the reason
 * if the pattern is malformed.
 */
export type Matcher = (pattern: string) => (text: string) => boolean;

export type Predicate = (value: unknown) => boolean;

const OF_STRING: readonly Operator[] = ['Equal', 'Not Equal', 'In', 'Not In', 'Matches', 'Not Matches'];
const OF_SCALAR: readonly Operator[] = ['Equal', 'Not Equal'];
const OF_KEYS: readonly Operator[] = ['In', 'Not In', 'Is Empty', 'Is Not Empty'];
const OF_STRUCTS: readonly Operator[] = ['Is Empty', 'Is Not Empty'];

/** Turns an expression into a predicate on values of the schema, or throws a `FilterError`. */
export function bindExpression(expression: Expression, schema: FilterSchema, matcher: Matcher): Predicate {
  if (expression.kind === 'match') return bindMatch(expression, schema, matcher);
  if (expression.kind === 'not') {
    const operand = bindExpression(expression.operand, schema, matcher);
    return (value) => !operand(value);
  }
  const operands = expression.operands.map((operand) => bindExpression(operand, schema, matcher));
  return expression.kind === 'and'
    ? (value) => operands.every((operand) => operand(value))
    : (value) => operands.some((operand) => operand(value));
}

function bindMatch(match: Match, schema: FilterSchema, matcher: Matcher): Predicate {
  const { selector, operator } = match;
  const { parents, leaf } = resolve(selector, schema);
  if (!operatorsOf(leaf).includes(operator))
    throw refusal(`Invalid match operator ${quote(operator)} for selector ${quoted(selector)}`);
  const positive = testOf(match, leaf, matcher);
  const test: Predicate = /\bNot\b/.test(operator) ? (value) => !positive(value) : positive;
  return parents.reduceRight((next, { field, name }) => step(field, name, next, operator), test);
}

interface Step {
  readonly field: FilterField;
  /** Of what is below the field. */
  readonly name: string;
}

function resolve(selector: readonly string[], schema: FilterSchema): { parents: Step[]; leaf: FilterField } {
  const parents: Step[] = [];
  let leaf: FilterField = { struct: schema };
  for (const [depth, name] of selector.entries()) {
    const below = subfield(leaf, name);
    if (below === undefined) throw refusal(`Selector ${quoted(selector.slice(0, depth + 1))} is not valid`);
    parents.push({ field: leaf, name });
    leaf = below;
  }
  return { parents, leaf };
}

/** What is below a field; a list of structs has the fields of its elements. */
function subfield(field: FilterField, name: string): FilterField | undefined {
  if (typeof field === 'string') return undefined;
  if ('map' in field) return field.map;
  if ('list' in field) return subfield(field.list, name);
  return Object.hasOwn(field.struct, name) ? field.struct[name] : undefined;
}

function operatorsOf(field: FilterField): readonly Operator[] {
  if (field === 'string') return OF_STRING;
  if (typeof field === 'string') return OF_SCALAR;
  if ('map' in field) return OF_KEYS;
  if ('list' in field) return typeof field.list === 'string' ? OF_KEYS : OF_STRUCTS;
  return [];
}

/** The predicate on a field's value that goes on to what is below. */
function step(field: FilterField, name: string, next: Predicate, operator: Operator): Predicate {
  if (typeof field === 'string' || 'struct' in field) return (value) => next(entryOf(value, name));
  if ('list' in field) {
    const holds = step(field.list, name, next, operator);
    return (value) => elementsOf(value).some(holds);
  }
  // Compat(consul): a missing key matches every regular expression, and its opposite too.
  const ifMissing = operator !== 'Equal' && operator !== 'In' && operator !== 'Is Not Empty';
  return (value) => {
    const held = entryOf(value, name);
    return held === undefined ? ifMissing : next(held);
  };
}

/** The test of the operator on the value selected, or of its opposite where it is a negative one. */
function testOf(match: Match, leaf: FilterField, matcher: Matcher): Predicate {
  switch (match.operator) {
    case 'Is Empty':
    case 'Is Not Empty':
      return isEmpty;
    case 'Equal':
    case 'Not Equal':
      return equalityTest(match, leaf);
    case 'In':
    case 'Not In':
      return containmentTest(match, leaf);
    case 'Matches':
    case 'Not Matches':
      return regexpTest(match.value, matcher);
  }
}

function equalityTest(match: Match, leaf: FilterField): Predicate {
  const kind = typeof leaf === 'string' ? leaf : 'string';
  const wanted = coerced(match, kind);
  return (value) => scalarIn(value, kind) === wanted;
}

function containmentTest(match: Match, leaf: FilterField): Predicate {
  const { value: text } = match;
  if (typeof leaf === 'string') return (value) => textOf(value).includes(text);
  if ('list' in leaf && typeof leaf.list === 'string') {
    const wanted = coerced(match, leaf.list);
    return (value) => elementsOf(value).includes(wanted);
  }
  return (value) => entryOf(value, text) !== undefined;
}

function regexpTest(pattern: string, matcher: Matcher): Predicate {
  try {
    const occursIn = matcher(pattern);
    return (value) => occursIn(textOf(value));
  } catch (error) {
    throw refusal(`Failed to compile regular expression ${quote(pattern)}: ${reasonOf(error)}`);
  }
}

function coerced({ value, selector }: Match, kind: Scalar): string | number | boolean {
  try {
    return coerce(value, kind);
  } catch (error) {
    const where = `${quote(value)} for selector ${quoted(selector)}`;
    throw refusal(`Failed to coerce value ${where}: ${reasonOf(error)}`);
  }
}

function quoted(selector: readonly string[]): string {
  return quote(selector.join('.'));
}

function refusal(message: string): FilterError {
  return new FilterError('meaning', message);
}

function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
