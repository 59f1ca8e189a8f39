import { coerce } from './coerce.ts';
import { FilterError } from './error.ts';
import type { Expression, Match, Operator } from './expression.ts';
import { quote } from './quote.ts';
import type { Field, Schema } from './schema.ts';
import { elementsOf, entryOf, isEmpty, numberOf, textOf } from './value.ts';

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
export function bindExpression(expression: Expression, schema: Schema, matcher: Matcher): Predicate {
  switch (expression.kind) {
    case 'match':
      return bindMatch(expression, schema, matcher);
    case 'not': {
      const operand = bindExpression(expression.operand, schema, matcher);
      return (value) => !operand(value);
    }
    case 'and': {
      const operands = expression.operands.map((operand) => bindExpression(operand, schema, matcher));
      return (value) => operands.every((operand) => operand(value));
    }
    case 'or': {
      const operands = expression.operands.map((operand) => bindExpression(operand, schema, matcher));
      return (value) => operands.some((operand) => operand(value));
    }
  }
}

function bindMatch(match: Match, schema: Schema, matcher: Matcher): Predicate {
  const { selector, operator } = match;
  const root: Field = { kind: 'struct', fields: schema };
  const leaf = fieldAt(root, selector);
  if (!operatorsOf(leaf).includes(operator))
    throw refusal(`Invalid match operator ${quote(operator)} for selector ${quote(selector.join('.'))}`);
  const positive = leafTest(match, leaf, matcher);
  const test: Predicate = /\bNot\b/.test(operator) ? (value) => !positive(value) : positive;
  return reach(root, selector, test, ifKeyMissing(operator));
}

function fieldAt(root: Field, selector: readonly string[]): Field {
  let field: Field | undefined = root;
  for (const [depth, name] of selector.entries()) {
    field = subfield(field, name);
    if (field === undefined)
      throw refusal(`Selector ${quote(selector.slice(0, depth + 1).join('.'))} is not valid`);
  }
  return field;
}

/** What is below a field; a list of structs has the fields of its elements. */
function subfield(field: Field, name: string): Field | undefined {
  if (typeof field === 'string') return undefined;
  if (field.kind === 'map') return field.of;
  if (field.kind === 'list') return typeof field.of === 'string' ? undefined : subfield(field.of, name);
  return Object.hasOwn(field.fields, name) ? field.fields[name] : undefined;
}

function operatorsOf(field: Field): readonly Operator[] {
  if (field === 'string') return OF_STRING;
  if (typeof field === 'string') return OF_SCALAR;
  if (field.kind === 'map') return OF_KEYS;
  if (field.kind === 'list') return typeof field.of === 'string' ? OF_KEYS : OF_STRUCTS;
  return [];
}

/** The test of the operator, or of its opposite where it is a negative one. */
function leafTest(match: Match, leaf: Field, matcher: Matcher): Predicate {
  if (match.value === undefined) return isEmpty;
  const wanted = coerced(match, match.value, leaf);
  if (match.operator === 'Matches' || match.operator === 'Not Matches') {
    const occursIn = compiled(match.value, matcher);
    return (value) => occursIn(textOf(value));
  }
  if (leaf === 'string' && OF_SCALAR.includes(match.operator)) return (value) => textOf(value) === wanted;
  if (leaf === 'string') return (value) => textOf(value).includes(match.value ?? '');
  if (leaf === 'bool') return (value) => (value === true) === wanted;
  if (typeof leaf === 'string') return (value) => numberOf(value) === wanted;
  if (leaf.kind === 'list') return (value) => elementsOf(value).includes(wanted);
  return (value) => entryOf(value, match.value ?? '') !== undefined;
}

function coerced({ selector }: Match, text: string, leaf: Field): string | number | boolean {
  const kind = typeof leaf === 'string' ? leaf : leaf.kind === 'list' ? leaf.of : 'string';
  try {
    return coerce(text, typeof kind === 'string' ? kind : 'string');
  } catch (error) {
    const where = `${quote(text)} for selector ${quote(selector.join('.'))}`;
    throw refusal(`Failed to coerce value ${where}: ${reasonOf(error)}`);
  }
}

function compiled(pattern: string, matcher: Matcher): (text: string) => boolean {
  try {
    return matcher(pattern);
  } catch (error) {
    throw refusal(`Failed to compile regular expression ${quote(pattern)}: ${reasonOf(error)}`);
  }
}

/** The predicate on a value of the field that finds what the path leads to and tests it. */
function reach(field: Field, path: readonly string[], test: Predicate, ifMissing: boolean): Predicate {
  const [name, ...rest] = path;
  if (name === undefined || typeof field === 'string') return test;
  if (field.kind === 'list') {
    const ofElement = reach(field.of, path, test, ifMissing);
    return (value) => elementsOf(value).some(ofElement);
  }
  const below = subfield(field, name);
  const ofBelow = below === undefined ? test : reach(below, rest, test, ifMissing);
  if (field.kind === 'struct') return (value) => ofBelow(entryOf(value, name));
  return (value) => {
    const held = entryOf(value, name);
    return held === undefined ? ifMissing : ofBelow(held);
  };
}

/** What a match on a key that is not there comes to. */
function ifKeyMissing(operator: Operator): boolean {
  // Compat(consul): a missing key matches every regular expression, and its opposite too.
  return operator !== 'Equal' && operator !== 'In' && operator !== 'Is Not Empty';
}

function refusal(message: string): FilterError {
  return new FilterError('meaning', message);
}

function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
