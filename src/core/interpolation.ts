/** What an interpolated text may use: variables, and functions of one whole number. */
export interface InterpolationScope {
  readonly variables: Readonly<Record<string, string>>;
  readonly functions: Readonly<Record<string, (argument: number) => string>>;
}

/** A text with `${...}` in it that is malformed, or that cannot be evaluated. */
export class InterpolationError extends Error {
  readonly stage: 'syntax' | 'evaluation';

  constructor(stage: InterpolationError['stage'], message: string) {
    super(message);
    this.name = 'InterpolationError';
    this.stage = stage;
  }
}

export type Interpolation =
  | { readonly kind: 'text'; readonly parts: readonly (string | Interpolation)[] }
  | { readonly kind: 'number'; readonly text: string }
  | { readonly kind: 'variable'; readonly name: string; readonly at: number }
  | {
      readonly kind: 'call';
      readonly name: string;
      readonly at: number;
      readonly operands: readonly Interpolation[];
    }
  | {
      readonly kind: 'arithmetic';
      readonly first: Interpolation;
      readonly rest: readonly { readonly operator: string; readonly operand: Interpolation }[];
    };

/** Deepest nesting of parentheses, calls and quoted texts. */
const MAX_DEPTH = 32;
const NAME = /[A-Za-z_][A-Za-z0-9_.*:-]*/y;
const NUMBER = /\d+(?:\.\d*)?/y;
const SPACE = /\s*/y;
const OPERATOR = /[-+*/%]/y;

/**
 * Parses a text with `${...}` in it; `$$` is a dollar.
 *
 * Inside there may be variables, calls, numbers, quoted texts, parentheses and `+ - * / %`, which all bind equally.
 * The language is that of HashiCorp's HIL, before it had conditions. Throws an `InterpolationError`.
 */
export function parseInterpolation(text: string): Interpolation {
  return new Parser(text).parse();
}

class Parser {
  readonly #source: string;
  #at = 0;
  #depth = 0;

  constructor(source: string) {
    this.#source = source;
  }

  parse(): Interpolation {
    const whole = this.#text(false);
    if (this.#at < this.#source.length) throw syntaxError();
    return whole;
  }

  /** Text and what is in `${...}`, to the end or, inside quotes, to the closing one. */
  #text(isQuoted: boolean): Interpolation {
    const parts: (string | Interpolation)[] = [];
    let literal = '';
    while (this.#at < this.#source.length) {
      const here = this.#source.charAt(this.#at);
      if (isQuoted && here === '"') break;
      if (this.#source.startsWith('${', this.#at)) {
        this.#at += 2;
        parts.push(
          literal,
          this.#nested(() => this.#expression('}')),
        );
        literal = '';
        continue;
      }
      const escape = this.#source.slice(this.#at, this.#at + 2);
      const meant = escape === '$$' ? '$' : isQuoted ? ESCAPES[escape] : undefined;
      // Compat(consul): a dollar at the very end is lost.
      literal += meant ?? (escape === '$' ? '' : here);
      this.#at += meant === undefined ? 1 : 2;
    }
    return { kind: 'text', parts: [...parts, literal] };
  }

  #expression(end: string): Interpolation {
    const whole = this.#arithmetic();
    this.#expect(end);
    return whole;
  }

  #arithmetic(): Interpolation {
    const first = this.#operand();
    const rest: { operator: string; operand: Interpolation }[] = [];
    for (let operator = this.#take(OPERATOR); operator !== undefined; operator = this.#take(OPERATOR))
      rest.push({ operator, operand: this.#operand() });
    return rest.length === 0 ? first : { kind: 'arithmetic', first, rest };
  }

  #operand(): Interpolation {
    this.#take(SPACE);
    const at = this.#at;
    const number = this.#take(NUMBER);
    if (number !== undefined) return { kind: 'number', text: number };
    const name = this.#take(NAME);
    if (name !== undefined) {
      if (!this.#skip('(')) return { kind: 'variable', name, at };
      return { kind: 'call', name, at, operands: this.#nested(() => this.#operands()) };
    }
    if (this.#skip('(')) return this.#nested(() => this.#expression(')'));
    if (this.#skip('-')) {
      const operand = this.#nested(() => this.#operand());
      return { kind: 'arithmetic', first: { kind: 'number', text: '0' }, rest: [{ operator: '-', operand }] };
    }
    return this.#quoted();
  }

  /** One quoted text, or several in a row, which are one. */
  #quoted(): Interpolation {
    const parts: Interpolation[] = [];
    while (this.#skip('"')) {
      parts.push(this.#nested(() => this.#text(true)));
      if (this.#source.charAt(this.#at) !== '"') throw syntaxError();
      this.#at++;
    }
    if (parts.length === 0) throw syntaxError();
    return { kind: 'text', parts };
  }

  #operands(): Interpolation[] {
    if (this.#skip(')')) return [];
    const operands = [this.#arithmetic()];
    while (this.#skip(',')) operands.push(this.#arithmetic());
    this.#expect(')');
    return operands;
  }

  #nested<T>(parse: () => T): T {
    if (++this.#depth > MAX_DEPTH) throw syntaxError();
    const parsed = parse();
    this.#depth--;
    return parsed;
  }

  #expect(mark: string): void {
    if (!this.#skip(mark)) throw syntaxError();
  }

  #skip(mark: string): boolean {
    this.#take(SPACE);
    if (!this.#source.startsWith(mark, this.#at)) return false;
    this.#at += mark.length;
    return true;
  }

  #take(pattern: RegExp): string | undefined {
    if (pattern !== SPACE) this.#take(SPACE);
    pattern.lastIndex = this.#at;
    const [found] = pattern.exec(this.#source) ?? [];
    if (found === undefined) return undefined;
    this.#at += found.length;
    return found;
  }
}

const ESCAPES: Readonly<Record<string, string>> = { '\\n': '\n', '\\"': '"', '\\\\': '\\' };

function syntaxError(): InterpolationError {
  return new InterpolationError('syntax', 'parse error: syntax error');
}
