import { FilterError } from './error.ts';
import type { Expression, Operator } from './expression.ts';
import { unquote } from './quote.ts';
import { Scanner, type CharacterClass } from './scanner.ts';

const SPACE = characterClass('[ \\t\\r\\n]');
const LETTER = characterClass('[a-zA-Z]');
const WORD = characterClass('[a-zA-Z0-9_]');
const DIGIT = characterClass('[0-9]');
const NONZERO = characterClass('[1-9]');

/** In the order in which they are tried. */
const SYMBOLS: readonly (readonly [symbol: string, Operator])[] = [
  ['==', 'Equal'],
  ['!=', 'Not Equal'],
];
const WORDS_BEFORE_VALUE: readonly (readonly [words: string, Operator])[] = [
  ['contains', 'In'],
  ['not contains', 'Not In'],
  ['matches', 'Matches'],
  ['not matches', 'Not Matches'],
];
const WORDS_BEFORE_NOTHING: readonly (readonly [words: string, Operator])[] = [
  ['is empty', 'Is Empty'],
  ['is not empty', 'Is Not Empty'],
];
const WORDS_BEFORE_SELECTOR: readonly (readonly [words: string, Operator])[] = [
  ['in', 'In'],
  ['not in', 'Not In'],
];

/**
 * Parses the filter language: `or`, `and`, `not`, grouping, and matches of a selector with a value.
 *
 * Throws a `FilterError` where the text is malformed or nests deeper than `maxDepth`.
 */
export function parseExpression(text: string, maxDepth: number): Expression {
  return new Parser(text, maxDepth).parse();
}

/** A method per rule of the grammar; each returns undefined, or false, where its rule does not match. */
class Parser {
  readonly #scan: Scanner;
  readonly #maxDepth: number;
  #depth = 0;

  constructor(text: string, maxDepth: number) {
    this.#scan = new Scanner(text);
    this.#maxDepth = maxDepth;
  }

  parse(): Expression {
    return this.#scan.finish(this.#input());
  }

  #input(): Expression | undefined {
    this.#spaces();
    const expression = this.#or();
    if (expression === undefined) return undefined;
    this.#spaces();
    return this.#end() ? expression : undefined;
  }

  #or(): Expression | undefined {
    return this.#chain('or', () => this.#chain('and', () => this.#not()));
  }

  #chain(kind: 'and' | 'or', operand: () => Expression | undefined): Expression | undefined {
    const first = operand();
    if (first === undefined) return undefined;
    const operands = [first];
    for (;;) {
      const next = this.#scan.attempt(() => (this.#words(kind) && this.#spaces() ? operand() : undefined));
      if (next === undefined) return operands.length === 1 ? first : { kind, operands };
      operands.push(next);
    }
  }

  #not(): Expression | undefined {
    const operand = this.#scan.attempt(() =>
      this.#scan.literal('not') && this.#spaces() ? this.#nested(() => this.#not()) : undefined,
    );
    return operand === undefined ? this.#group() : { kind: 'not', operand };
  }

  #group(): Expression | undefined {
    return this.#scan.attempt(() => {
      if (!this.#scan.literal('(')) return this.#match();
      this.#spaces();
      const expression = this.#nested(() => this.#or());
      if (expression === undefined) return undefined;
      this.#spaces();
      if (this.#scan.literal(')')) return expression;
      this.#scan.complain('grouping', 'Unmatched parentheses');
      return undefined;
    });
  }

  #nested<T>(rule: () => T): T {
    if (++this.#depth > this.#maxDepth)
      throw new FilterError('meaning', `Expression is nested deeper than ${this.#maxDepth} levels`);
    const result = rule();
    this.#depth--;
    return result;
  }

  #match(): Expression | undefined {
    return (
      this.#scan.attempt(() => this.#selectorThenValue()) ??
      this.#scan.attempt(() => this.#selectorAlone()) ??
      this.#scan.attempt(() => this.#valueThenSelector())
    );
  }

  #selectorThenValue(): Expression | undefined {
    const selector = this.#selector();
    if (selector === undefined) return undefined;
    const operator = this.#symbol() ?? this.#operator(WORDS_BEFORE_VALUE, true);
    if (operator === undefined) return undefined;
    const value = this.#value();
    return value === undefined ? undefined : { kind: 'match', selector, operator, value };
  }

  #selectorAlone(): Expression | undefined {
    const selector = this.#selector();
    if (selector === undefined) return undefined;
    const operator = this.#operator(WORDS_BEFORE_NOTHING, false);
    return operator && { kind: 'match', selector, operator, value: '' };
  }

  #valueThenSelector(): Expression | undefined {
    const value = this.#value();
    if (value === undefined) return undefined;
    const operator = this.#operator(WORDS_BEFORE_SELECTOR, true);
    if (operator === undefined) return undefined;
    const selector = this.#selector();
    if (selector !== undefined) return { kind: 'match', selector, operator, value };
    this.#scan.complain('match', 'Invalid selector');
    return undefined;
  }

  #symbol(): Operator | undefined {
    for (const [symbol, operator] of SYMBOLS) {
      const isNext = this.#scan.attempt(() => {
        this.#spaces();
        return this.#scan.literal(symbol);
      });
      if (!isNext) continue;
      this.#spaces();
      return operator;
    }
    return undefined;
  }

  #operator(
    among: readonly (readonly [words: string, Operator])[],
    needsSpaces: boolean,
  ): Operator | undefined {
    const found = among.find(([words]) =>
      this.#scan.attempt(() => this.#words(words) && (!needsSpaces || this.#spaces())),
    );
    return found?.[1];
  }

  /** Words with spaces before each. */
  #words(words: string): boolean {
    return words.split(' ').every((word) => this.#spaces() && this.#scan.literal(word));
  }

  #selector(): string[] | undefined {
    const first = this.#identifier();
    if (first === undefined) return undefined;
    const parts = [first];
    for (;;) {
      const next =
        this.#scan.attempt(() => (this.#scan.literal('.') ? this.#identifier() : undefined)) ??
        this.#scan.attempt(() => this.#index());
      if (next === undefined) return parts;
      parts.push(next);
    }
  }

  #identifier(): string | undefined {
    const start = this.#scan.position;
    if (!this.#scan.one(LETTER)) return undefined;
    this.#scan.many(WORD);
    return this.#scan.since(start);
  }

  #index(): string | undefined {
    if (!this.#scan.literal('[')) return undefined;
    this.#spaces();
    const key = this.#scan.attempt(() => this.#string());
    if (key === undefined) {
      this.#scan.complain('index', 'Invalid index');
      return undefined;
    }
    this.#spaces();
    if (this.#scan.literal(']')) return key;
    this.#scan.complain('index', 'Unclosed index expression');
    return undefined;
  }

  /** A value is a word, which may look like a selector, a number or a string. */
  #value(): string | undefined {
    return (
      this.#selector()?.join('.') ??
      this.#scan.attempt(() => this.#number()) ??
      this.#scan.attempt(() => this.#string())
    );
  }

  #number(): string | undefined {
    const start = this.#scan.position;
    this.#scan.literal('-');
    if (!this.#scan.literal('0')) {
      if (!this.#scan.one(NONZERO)) return undefined;
      this.#scan.many(DIGIT);
    }
    this.#scan.attempt(() => this.#scan.literal('.') && this.#scan.many(DIGIT));
    const number = this.#scan.since(start);
    if (this.#scan.ahead(() => this.#spaces() || this.#end() || this.#scan.literal(')'))) return number;
    this.#scan.complain('number', 'Invalid number literal');
    return undefined;
  }

  #string(): string | undefined {
    const start = this.#scan.position;
    const quote = ['`', '"'].find((each) => this.#scan.literal(each));
    if (quote === undefined) return undefined;
    while (this.#scan.unless(() => this.#scan.literal(quote)) && this.#scan.any());
    if (!this.#scan.literal(quote)) {
      this.#scan.complain('string', 'Unterminated string literal');
      return undefined;
    }
    const text = unquote(this.#scan.since(start));
    if (text === undefined) this.#scan.complain('string', 'invalid syntax', start);
    return text ?? '';
  }

  #spaces(): boolean {
    return this.#scan.many(SPACE);
  }

  #end(): boolean {
    return this.#scan.unless(() => this.#scan.any());
  }
}

function characterClass(name: string): CharacterClass {
  return { name, pattern: new RegExp(`^${name}$`) };
}
