import { expect } from 'chai';
import fc from 'fast-check';
import { pureHashes } from '../../../src/core/ring/index.ts';
import { loadHashes } from '../../../src/platform/hashes.ts';
import { hostileText } from './policies.ts';

/** Of every length around the ends of words, lanes, stripes and blocks. */
const LENGTHS = [...Array(140).keys(), 4091, 4092, 4093, 65_536];

describe('hash functions without a package', () => {
  for (const name of ['xxh64', 'xxh64Seed1', 'md5'] as const) {
    it(`agrees with another implementation: ${name}`, async () => {
      const other = (await loadHashes())[name];
      const [found, expected] = [new Uint32Array(4), new Uint32Array(4)];
      const check = (text: string) => {
        pureHashes[name](text, found);
        other(text, expected);
        expect([...found], JSON.stringify(text.slice(0, 40))).to.deep.equal([...expected]);
      };
      for (const length of LENGTHS) {
        check('a\x7f\0'.repeat(Math.ceil(length / 3)).slice(0, length));
        check('é€😀\ud800'.repeat(length % 150));
      }
      fc.assert(
        fc.property(fc.array(hostileText, { maxLength: 9 }), (texts) => check(texts.join(''))),
        {
          numRuns: 400,
        },
      );
    });
  }
});
