import { expect } from 'chai';
import fc from 'fast-check';
import { compileFilter, FilterError, type FilterSchema } from '../../../src/core/index.ts';
import { compileRegexp } from '../../../src/platform/regexp.ts';
import { decide, type Comparison, type Formula } from './reference.ts';

const CHECK: FilterSchema = { Status: 'string', Tags: { list: 'string' }, Port: 'int' };
const SCHEMA: FilterSchema = {
  Name: 'string',
  Port: 'int',
  On: 'bool',
  Tags: { list: 'string' },
  Meta: { map: 'string' },
  Node: { struct: { Name: 'string', Meta: { map: 'string' } } },
  Checks: { list: { struct: CHECK } },
  Tagged: { map: { struct: { Address: 'string', Port: 'int' } } },
  Groups: { map: { list: 'string' } },
};

/** Few words, so that what is generated often meets. */
const word = fc.constantFrom('a', 'b', 'ab', 'é', '', 'a.b');
const key = fc.constantFrom('a', 'b', 'a.b', 'constructor');
const number = fc.constantFrom(0, 1, -80);

function sparse<T>(fields: { [K in keyof T]: fc.Arbitrary<T[K]> }): fc.Arbitrary<object | null> {
  return fc.option(fc.record(fields, { requiredKeys: [] }), { freq: 8 });
}

const tags = fc.array(word, { maxLength: 2 });
const meta = fc.dictionary(key, word, { maxKeys: 2 });
const check = sparse({ Status: word, Tags: tags, Port: number });
const item = sparse({
  Name: word,
  Port: number,
  On: fc.boolean(),
  Tags: tags,
  Meta: meta,
  Node: sparse({ Name: word, Meta: meta }),
  Checks: fc.array(check, { maxLength: 3 }),
  Tagged: fc.dictionary(key, sparse({ Address: word, Port: number }), { maxKeys: 2 }),
  Groups: fc.dictionary(key, tags, { maxKeys: 2 }),
});

type Operator = Comparison['operator'];
const EQUALITY: Operator[] = ['==', '!='];
const CONTAINMENT: Operator[] = ['in', 'not in'];
const EMPTINESS: Operator[] = ['is empty', 'is not empty'];
const REGEXP: Operator[] = ['matches', 'not matches'];

function match(
  paths: readonly string[],
  operators: readonly Operator[],
  value: fc.Arbitrary<unknown>,
): fc.Arbitrary<Formula> {
  return fc
    .tuple(fc.constantFrom(...paths), key, fc.constantFrom(...operators), value)
    .map(([path, name, operator, wanted]) => ({
      kind: 'match',
      path: path.split('.').map((part) => (part === '*' ? name : part)),
      operator,
      value: String(wanted),
    }));
}

const comparison = fc.oneof(
  match(['Name', 'Meta.*', 'Node.Name', 'Node.Meta.*', 'Checks.Status', 'Tagged.*.Address'], EQUALITY, word),
  match(['Name', 'Meta.*', 'Node.Meta.*', 'Checks.Status'], CONTAINMENT, word),
  match(['Name', 'Node.Meta.*', 'Checks.Status'], REGEXP, fc.constantFrom('a', '^a?$', '[ab]{2}', 'é|b')),
  match(['Port', 'Checks.Port', 'Tagged.*.Port'], EQUALITY, number),
  match(['On'], EQUALITY, fc.boolean()),
  match(['Tags', 'Checks.Tags', 'Meta', 'Node.Meta', 'Tagged', 'Groups.*'], CONTAINMENT, fc.oneof(word, key)),
  match(['Tags', 'Checks', 'Checks.Tags', 'Meta', 'Node.Meta', 'Groups.*'], EMPTINESS, fc.constant('')),
);

const { formula } = fc.letrec<{ formula: Formula }>((tie) => ({
  formula: fc.oneof(
    { maxDepth: 4, withCrossShrink: true },
    comparison,
    tie('formula').map((of): Formula => ({ kind: 'not', of })),
    fc
      .tuple(fc.constantFrom('and' as const, 'or' as const), tie('formula'), tie('formula'))
      .map(([kind, left, right]): Formula => ({ kind, left, right })),
  ),
}));

/** As text: no parentheses where precedence says the same, keys by index where a dot would not do. */
function render(formula: Formula): string {
  switch (formula.kind) {
    case 'match':
      return renderMatch(formula);
    case 'not':
      return `not ${grouped(formula.of, ['match', 'not'])}`;
    case 'and':
      return `${grouped(formula.left, ['match', 'not', 'and'])} and ${grouped(formula.right, ['match', 'not', 'and'])}`;
    case 'or':
      return `${render(formula.left)} or ${render(formula.right)}`;
  }
}

function grouped(formula: Formula, bare: readonly Formula['kind'][]): string {
  return bare.includes(formula.kind) ? render(formula) : `(${render(formula)})`;
}

function renderMatch({ path, operator, value }: Comparison): string {
  const [first = '', ...rest] = path;
  const selector = first + rest.map((part) => (part.includes('.') ? `["${part}"]` : `.${part}`)).join('');
  if (operator.endsWith('empty')) return `${selector} ${operator}`;
  return operator.endsWith('in')
    ? `"${value}" ${operator} ${selector}`
    : `${selector} ${operator} "${value}"`;
}

describe('filter: properties', () => {
  it('decides as a plain reference does', () => {
    fc.assert(
      fc.property(formula, fc.array(item, { minLength: 1, maxLength: 5 }), (wanted, values) => {
        const filter = compileFilter(render(wanted), SCHEMA, compileRegexp);
        for (const value of values)
          expect(filter.matches(value), render(wanted)).to.equal(decide(wanted, value, { struct: SCHEMA }));
      }),
      { numRuns: 2_000 },
    );
  });

  it('refuses with its own error or not at all, whatever the text', () => {
    const piece = fc.oneof(
      formula.map(render),
      fc.constantFrom(
        '(',
        ')',
        '[',
        ']',
        '"',
        '`',
        '.',
        ' ',
        '\n',
        'a',
        'not ',
        ' and ',
        ' or ',
        ' in ',
        ' is ',
      ),
      fc.constantFrom(
        '==',
        '!=',
        ' empty',
        ' contains ',
        ' matches ',
        '0',
        '-1',
        '1.5',
        '\\',
        '😀',
        '\ud800',
      ),
      fc.string({ unit: 'binary', maxLength: 5 }),
    );
    const text = fc.array(piece, { minLength: 1, maxLength: 8 }).map((pieces) => pieces.join(''));
    fc.assert(
      fc.property(text, fc.anything(), (filter, value) => {
        try {
          expect(compileFilter(filter, SCHEMA, compileRegexp).matches(value)).to.be.a('boolean');
        } catch (error) {
          if (!(error instanceof FilterError)) throw error;
          expect(error.message).to.match(
            /^\d+:\d+ \(\d+\): |^Selector |^Invalid |^Failed to |^Expression is /,
          );
        }
      }),
      { numRuns: 5_000 },
    );
  });

  it('reads back any text that a string literal can spell', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), (name) => {
        const escaped = Array.from(name, (character) => {
          const code = character.codePointAt(0) ?? 0;
          return `\\U${code.toString(16).padStart(8, '0')}`;
        });
        const bytes = [...new TextEncoder().encode(name)].map(
          (byte) => `\\${byte.toString(8).padStart(3, '0')}`,
        );
        for (const literal of [escaped.join(''), bytes.join('')]) {
          const filter = compileFilter(`Name == "${literal}"`, SCHEMA, compileRegexp);
          expect(filter.matches({ Name: name })).to.equal(true);
          expect(filter.matches({ Name: `${name}!` })).to.equal(false);
        }
      }),
    );
  });
});
