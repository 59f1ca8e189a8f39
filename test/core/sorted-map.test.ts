import { expect } from 'chai';
import fc from 'fast-check';
import { compareUtf8, SortedMap } from '../../src/core/index.ts';

interface Entry {
  readonly modifyRevision: number;
}

function latestOf(entries: readonly (readonly [string, Entry])[]): number {
  return Math.max(0, ...entries.map(([, { modifyRevision }]) => modifyRevision));
}

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
          const sorted = new SortedMap<Entry>();
          const plain = new Map<string, Entry>();
          changes.forEach(({ key, put }, i) => {
            if (put) {
              sorted.set(key, { modifyRevision: i });
              plain.set(key, { modifyRevision: i });
            } else {
              expect(sorted.delete(key)).to.equal(plain.delete(key));
            }
          });
          const expected = [...plain]
            .filter(([key]) => key.startsWith(prefix))
            .sort(([a], [b]) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
          expect([...sorted.withPrefix(prefix)]).to.deep.equal(expected);
          expect(sorted.size).to.equal(plain.size);
          expect(sorted.latestUnder(prefix)).to.equal(latestOf(expected));
        },
      ),
      { numRuns: 400 },
    );
  });

  it('splits into chunks and keeps order over thousands of keys', () => {
    const sorted = new SortedMap<Entry>();
    for (let i = 0; i < 5000; i++)
      sorted.set(String((i * 7919) % 5000).padStart(5, '0'), { modifyRevision: i });
    const keys = [...sorted.withPrefix('')].map(([key]) => key);
    expect(keys).to.have.length(5000);
    expect(keys).to.deep.equal([...keys].sort());
    expect([...sorted.withPrefix('0123')].map(([key]) => key)).to.deep.equal(
      Array.from({ length: 10 }, (_, i) => `0123${String(i)}`),
    );
    for (const key of keys) expect(sorted.delete(key)).to.equal(true);
    expect([...sorted.withPrefix('')]).to.deep.equal([]);
  });

  it('knows the latest revision under a prefix across chunks, whatever is put, replaced and deleted', () => {
    const sorted = new SortedMap<Entry>();
    const plain = new Map<string, Entry>();
    const keyOf = (i: number) => `${i % 3 === 0 ? 'a/' : 'b/'}${String((i * 7919) % 4000).padStart(4, '0')}`;
    for (let i = 1; i <= 12_000; i++) {
      const key = keyOf(i % 5 === 4 ? i - 3 : i);
      if (i % 5 === 4) {
        sorted.delete(key);
        plain.delete(key);
      } else {
        // Now and then an older one, as a snapshot may bring them.
        const entry = { modifyRevision: i % 7 === 0 ? i - 2000 : i };
        sorted.set(key, entry);
        plain.set(key, entry);
      }
      if (i % 97 !== 0) continue;
      for (const prefix of ['', 'a/', 'b/', 'b/1', 'a/00', 'b/3999', 'c', '/']) {
        const under = [...plain].filter(([each]) => each.startsWith(prefix));
        expect(sorted.latestUnder(prefix), `${prefix} after ${String(i)}`).to.equal(latestOf(under));
      }
    }
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
