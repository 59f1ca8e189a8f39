import { expect } from 'chai';
import fc from 'fast-check';
import { compareUtf8, SortedMap } from '../../src/core/index.ts';

describe('sorted map', () => {
  it('equals a sorted list of a plain map after any changes', () => {
    const change = fc.record({
      key: fc.string({ unit: fc.constantFrom('a', 'b', '/', 'é', '\u{1F600}', '\uFFFD'), maxLength: 6 }),
      put: fc.boolean(),
    });
    fc.assert(
      fc.property(
        fc.array(change, { maxLength: 300 }),
        fc.string({ unit: fc.constantFrom('a', 'b', '/'), maxLength: 2 }),
        (changes, prefix) => {
          const sorted = new SortedMap<number>();
          const plain = new Map<string, number>();
          changes.forEach(({ key, put }, i) => {
            if (put) {
              sorted.set(key, i);
              plain.set(key, i);
            } else {
              expect(sorted.delete(key)).to.equal(plain.delete(key));
            }
          });
          const expected = [...plain]
            .filter(([key]) => key.startsWith(prefix))
            .sort(([a], [b]) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
          expect([...sorted.withPrefix(prefix)]).to.deep.equal(expected);
          expect(sorted.size).to.equal(plain.size);
        },
      ),
      { numRuns: 400 },
    );
  });

  it('splits into chunks and keeps order over thousands of keys', () => {
    const sorted = new SortedMap<number>();
    for (let i = 0; i < 5000; i++) sorted.set(String((i * 7919) % 5000).padStart(5, '0'), i);
    const keys = [...sorted.withPrefix('')].map(([key]) => key);
    expect(keys).to.have.length(5000);
    expect(keys).to.deep.equal([...keys].sort());
    expect([...sorted.withPrefix('0123')].map(([key]) => key)).to.deep.equal(
      Array.from({ length: 10 }, (_, i) => `0123${String(i)}`),
    );
    for (const key of keys) expect(sorted.delete(key)).to.equal(true);
    expect([...sorted.withPrefix('')]).to.deep.equal([]);
  });

  it('orders as UTF-8 bytes do', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), fc.string({ unit: 'grapheme' }), (a, b) => {
        expect(Math.sign(compareUtf8(a, b))).to.equal(Buffer.compare(Buffer.from(a), Buffer.from(b)));
      }),
      { numRuns: 400 },
    );
  });
});
