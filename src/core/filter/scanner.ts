import { FilterError } from './error.ts';
import { quote } from './quote.ts';

interface Position {
  /** In UTF-16 units. */
  readonly index: number;
  readonly offsetBytes: number;
  /** From 1. */
  readonly line: number;
  /** In characters from 1; a line feed is column 0 of the line it opens. */
  readonly column: number;
}

/** What one character may be: the name is what error messages call it. */
export interface CharacterClass {
  readonly name: string;
  readonly pattern: RegExp;
}

/**
 * A text with a place in it, for a parser that tries alternatives.
 *
 * Its errors are those of a parsing expression grammar: what was expected at the farthest place any
 * alternative reached, unless a rule knew better and said so with `complain`.
 */
export class Scanner {
  readonly #text: string;
  #at: Position;
  /** Inside an odd number of `unless`, where what matches is what was not wanted. */
  #isInverted = false;
  #farthest: Position = { index: 0, offsetBytes: 0, line: 1, column: 1 };
  #expected = new Set<string>();
  readonly #complaints = new Set<string>();

  constructor(text: string) {
    this.#text = text;
    this.#at = this.#placed({ index: 0, offsetBytes: 0, line: 1, column: 0 });
  }

  /** Steps over the text, which is ASCII, if it comes next. */
  literal(text: string): boolean {
    const isNext = this.#text.startsWith(text, this.#at.index);
    const start = this.#at;
    if (isNext) for (let count = 0; count < text.length; count++) this.#advance();
    this.#note(isNext, start, quote(text));
    return isNext;
  }

  /** Steps over one character of the class. */
  one({ name, pattern }: CharacterClass): boolean {
    return this.#character(name, (character) => pattern.test(character));
  }

  /** Steps over any one character. */
  any(): boolean {
    return this.#character('.', () => true);
  }

  /** Steps over all characters of the class that come next; says whether there was one. */
  many(characters: CharacterClass): boolean {
    const start = this.#at.index;
    while (this.one(characters));
    return this.#at.index > start;
  }

  /** Goes back to where it was if the alternative comes to nothing: undefined or false. */
  attempt<T>(alternative: () => T | undefined): T | undefined {
    const start = this.#at;
    const result = alternative();
    if (result === undefined || result === false) this.#at = start;
    return result;
  }

  /** Whether the rule would match here, without stepping over it. */
  ahead(rule: () => boolean): boolean {
    const start = this.#at;
    const matches = rule();
    this.#at = start;
    return matches;
  }

  /** Whether the rule would not match here. */
  unless(rule: () => boolean): boolean {
    this.#isInverted = !this.#isInverted;
    const matches = this.ahead(rule);
    this.#isInverted = !this.#isInverted;
    return !matches;
  }

  get position(): Position {
    return this.#at;
  }

  /** The text from a position up to here. */
  since({ index }: Position): string {
    return this.#text.slice(index, this.#at.index);
  }

  /** Makes the whole text invalid, whatever other alternatives say of it. */
  complain(rule: string, message: string, position = this.#at): void {
    this.#complaints.add(`${placeOf(position)}: rule "${rule}": ${message}`);
  }

  /** What the text came to; throws a `FilterError` if that is nothing, or if there were complaints. */
  finish<T>(result: T | undefined): T {
    if (this.#complaints.size > 0) throw new FilterError('syntax', [...this.#complaints].join('\n'));
    if (result !== undefined) return result;
    const expected = [...this.#expected].filter((want) => want !== END).sort();
    if (this.#expected.has(END)) expected.push('EOF');
    const last = expected.pop() ?? '';
    const list = expected.length === 0 ? last : `${expected.join(', ')} or ${last}`;
    throw new FilterError('syntax', `${placeOf(this.#farthest)}: no match found, expected: ${list}`);
  }

  #character(name: string, isWanted: (character: string) => boolean): boolean {
    const start = this.#at;
    const code = this.#text.codePointAt(start.index);
    const isNext = code !== undefined && isWanted(String.fromCodePoint(code));
    if (isNext) this.#advance();
    this.#note(isNext, start, name);
    return isNext;
  }

  #advance(): void {
    const { index, offsetBytes, line, column } = this.#at;
    const code = this.#text.codePointAt(index) ?? 0;
    this.#at = this.#placed({
      index: index + (code > 0xffff ? 2 : 1),
      offsetBytes: offsetBytes + utf8LengthBytes(code),
      line,
      column,
    });
  }

  /** The position of the character after one at this line and column. */
  #placed({ index, offsetBytes, line, column }: Position): Position {
    return this.#text[index] === '\n'
      ? { index, offsetBytes, line: line + 1, column: 0 }
      : { index, offsetBytes, line, column: column + 1 };
  }

  #note(matched: boolean, position: Position, want: string): void {
    if (matched !== this.#isInverted || position.index < this.#farthest.index) return;
    if (position.index > this.#farthest.index) {
      this.#farthest = position;
      this.#expected = new Set();
    }
    this.#expected.add(this.#isInverted ? `!${want}` : want);
  }
}

/** The end of the text: not any character. */
const END = '!.';

function placeOf({ line, column, offsetBytes }: Position): string {
  return `${line}:${column} (${offsetBytes})`;
}

function utf8LengthBytes(code: number): number {
  if (code < 0x80) return 1;
  if (code < 0x800) return 2;
  return code < 0x10000 ? 3 : 4;
}
