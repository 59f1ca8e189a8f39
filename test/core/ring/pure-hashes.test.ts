import { expect } from 'chai';
import fc from 'fast-check';
import { createHash } from 'node:crypto';
import xxhash from 'xxhash-wasm';
import { type Hashes, pureHashes } from '../../../src/core/ring/index.ts';
import { hostileText } from './policies.ts';

/** Of every length around the ends of words, lanes, stripes and blocks. */
const LENGTHS = [...Array(140).keys(), 4091, 4092, 4093, 65_536];

describe('hash functions without a package', () => {
  for (const name of ['xxh64', 'xxh64Seed1', 'md5'] as const) {
    it(`agrees with another implementation: ${name}`, async () => {
      const other = (await others())[name];
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

async function others(): Promise<Hashes> {
  const { h64 } = await xxhash();
  const split = (hash: bigint, into: Uint32Array) => {
    into[0] = Number(hash >> 32n);
    into[1] = Number(hash & 0xffffffffn);
  };
  return {
    xxh64: (text, into) => split(h64(text), into),
    xxh64Seed1: (text, into) => split(h64(text, 1n), into),
    md5: (text, into) => {
      const digest = createHash('md5').update(text, 'utf8').digest();
      for (let word = 0; word < 4; word++) into[word] = digest.readUInt32LE(4 * word);
    },
  };
}
