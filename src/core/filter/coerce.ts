import { quote } from './quote.ts';
import type { FilterField } from './schema.ts';

export type Scalar = Extract<FilterField, string>;

const TRUE = new Set(['1', 't', 'T', 'TRUE', 'true', 'True']);
const FALSE = new Set(['0', 'f', 'F', 'FALSE', 'false', 'False']);

interface Integers {
  /** As the error texts call what parses them. */
  readonly parser: 'ParseInt' | 'ParseUint';
  readonly least: bigint;
  readonly greatest: bigint;
}

const INTEGERS: Readonly<Record<'int' | 'uint8' | 'uint16', Integers>> = {
  int: { parser: 'ParseInt', least: -(2n ** 63n), greatest: 2n ** 63n - 1n },
  uint8: { parser: 'ParseUint', least: 0n, greatest: 2n ** 8n - 1n },
  uint16: { parser: 'ParseUint', least: 0n, greatest: 2n ** 16n - 1n },
};

const UNSIGNED =
  /^(?:0[xX](?:_?[0-9a-fA-F])+|0[bB](?:_?[01])+|0[oO](?:_?[0-7])+|0(?:_?[0-7])*|[1-9](?:_?[0-9])*)$/;

/** The value that a text in a filter stands for where a field of this kind is meant; throws an `Error` if none. */
export function coerce(text: string, kind: Scalar): string | number | boolean {
  switch (kind) {
    case 'string':
      return text;
    case 'bool':
      if (TRUE.has(text)) return true;
      if (FALSE.has(text)) return false;
      throw refusal('ParseBool', text, 'invalid syntax');
    default:
      return integer(text, INTEGERS[kind]);
  }
}

/** Decimal, `0x`, `0o`, `0b` or octal with a leading 0; underscores may stand between digits. */
function integer(text: string, { parser, least, greatest }: Integers): number {
  const unsigned = parser === 'ParseInt' ? text.replace(/^[+-]/, '') : text;
  if (!UNSIGNED.test(unsigned)) throw refusal(parser, text, 'invalid syntax');
  const digits = unsigned.replaceAll('_', '').replace(/^0(?=[0-9])/, '0o');
  const value = BigInt(digits) * (text.startsWith('-') ? -1n : 1n);
  if (value < least || value > greatest) throw refusal(parser, text, 'value out of range');
  return Number(value);
}

function refusal(parser: string, text: string, reason: string): Error {
  return new Error(`strconv.${parser}: parsing ${quote(text)}: ${reason}`);
}
