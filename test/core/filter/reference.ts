import type { FilterField } from '../../../src/core/index.ts';

/** One comparison, as data. */
export interface Comparison {
  readonly kind: 'match';
  readonly path: readonly string[];
  readonly operator: '==' | '!=' | 'in' | 'not in' | 'is empty' | 'is not empty' | 'matches' | 'not matches';
  readonly value: string;
}

export type Formula =
  | Comparison
  | { readonly kind: 'not'; readonly of: Formula }
  | { readonly kind: 'and'; readonly left: Formula; readonly right: Formula }
  | { readonly kind: 'or'; readonly left: Formula; readonly right: Formula };

/** Decides a formula in the plainest way: it collects everything the path leads to and asks each. */
export function decide(formula: Formula, value: unknown, field: FilterField): boolean {
  switch (formula.kind) {
    case 'not':
      return !decide(formula.of, value, field);
    case 'and':
      return decide(formula.left, value, field) && decide(formula.right, value, field);
    case 'or':
      return decide(formula.left, value, field) || decide(formula.right, value, field);
    case 'match':
      return found(formula.path, value, field).some((one) => isMatch(one, formula));
  }
}

const MISSING = Symbol('missing');

/** All values that the path leads to. */
function found(path: readonly string[], given: unknown, field: FilterField): unknown[] {
  const value = given ?? zeroOf(field);
  const [name, ...rest] = path;
  if (name === undefined || typeof field === 'string') return [value];
  if ('list' in field) return (value as unknown[]).flatMap((each) => found(path, each, field.list));
  const fields = value as Record<string, unknown>;
  if ('struct' in field) return found(rest, fields[name], field.struct[name] ?? 'string');
  return Object.hasOwn(fields, name) ? found(rest, fields[name], field.map) : [MISSING];
}

function zeroOf(field: FilterField): unknown {
  if (field === 'string') return '';
  if (field === 'bool') return false;
  if (typeof field === 'string') return 0;
  return 'list' in field ? [] : Object.create(null);
}

function isMatch(value: unknown, comparison: Comparison): boolean {
  const { operator } = comparison;
  if (value === MISSING) return !['==', 'in', 'is not empty'].includes(operator);
  const isPositive = operator !== '!=' && !operator.includes('not');
  return isPositive === isPositiveMatch(value, comparison);
}

/** Whether the operator holds without its `not`. */
function isPositiveMatch(value: unknown, { operator, value: text }: Comparison): boolean {
  if (operator.endsWith('empty')) return Object.keys(value as object).length === 0;
  if (operator.endsWith('matches')) return new RegExp(text).test(String(value));
  if (!operator.endsWith('in')) return String(value) === text;
  if (typeof value === 'string') return value.includes(text);
  return (Array.isArray(value) ? value : Object.keys(value as object)).includes(text);
}
