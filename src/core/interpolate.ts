import { InterpolationError, type Interpolation, type InterpolationScope } from './interpolation.ts';

/** A value on the way: a text, or a number that is whole unless `isFloat`. */
type Value = string | { readonly number: number; readonly isFloat: boolean };

/** The text with every `${...}` replaced. Throws an `InterpolationError`. */
export function interpolate(interpolation: Interpolation, scope: InterpolationScope): string {
  return textOf(evaluate(interpolation, scope));
}

function evaluate(node: Interpolation, scope: InterpolationScope): Value {
  switch (node.kind) {
    case 'text':
      return node.parts
        .map((part) => (typeof part === 'string' ? part : textOf(evaluate(part, scope))))
        .join('');
    case 'number':
      return { number: Number(node.text), isFloat: node.text.includes('.') };
    case 'variable': {
      const { variables } = scope;
      const value = Object.hasOwn(variables, node.name) ? variables[node.name] : undefined;
      if (value === undefined) throw failure(`${place(node)}: unknown variable accessed: ${node.name}`);
      return value;
    }
    case 'call':
      return call(node, scope);
    case 'arithmetic':
      return calculate(node, scope);
  }
}

function call(node: Extract<Interpolation, { readonly kind: 'call' }>, scope: InterpolationScope): Value {
  const { functions } = scope;
  const called = Object.hasOwn(functions, node.name) ? functions[node.name] : undefined;
  if (called === undefined) throw failure(`${place(node)}: unknown function called: ${node.name}`);
  const [operand] = node.operands;
  if (operand === undefined || node.operands.length > 1) {
    const count = String(node.operands.length);
    throw failure(`${place(node)}: ${node.name}: expected 1 arguments, got ${count}`);
  }
  return called(Math.trunc(numberOf(evaluate(operand, scope))));
}

/** From left to right, in the kind of number that the first operand is. */
function calculate(
  { first, rest }: Extract<Interpolation, { readonly kind: 'arithmetic' }>,
  scope: InterpolationScope,
): Value {
  const start = evaluate(first, scope);
  const isFloat = typeof start !== 'string' && start.isFloat;
  let result = numberOf(start);
  for (const { operator, operand } of rest) {
    const value = numberOf(evaluate(operand, scope));
    result = operation(operator, result, isFloat ? value : Math.trunc(value));
    if (!isFloat) result = Math.trunc(result);
  }
  return { number: result, isFloat };
}

function operation(operator: string, a: number, b: number): number {
  if ((operator === '/' || operator === '%') && b === 0) throw failure('divide by zero');
  switch (operator) {
    case '+':
      return a + b;
    case '-':
      return a - b;
    case '*':
      return a * b;
    case '/':
      return a / b;
    default:
      return a % b;
  }
}

function numberOf(value: Value): number {
  if (typeof value !== 'string') return value.number;
  if (/^[+-]?\d{1,18}$/.test(value)) return Number(value);
  const quoted = JSON.stringify(value);
  throw failure(`__builtin_StringToInt: strconv.ParseInt: parsing ${quoted}: invalid syntax`);
}

function textOf(value: Value): string {
  // Negative zero is a zero like any other.
  return typeof value === 'string' ? value : String(value.number + 0);
}

function place({ at }: { readonly at: number }): string {
  return `1:${String(at + 1)}`;
}

function failure(message: string): InterpolationError {
  return new InterpolationError('evaluation', message);
}
