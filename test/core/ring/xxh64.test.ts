import { expect } from 'chai';
import fc from 'fast-check';
import xxhash from 'xxhash-wasm';
import { type Hash64, pureHashes } from '../../../src/core/ring/index.ts';

function hex(hash: Hash64, text: string): string {
  const halves = new Uint32Array(2);
  hash(text, halves);
  return Array.from(halves, (half) => half.toString(16).padStart(8, '0')).join('');
}

describe('xxh64', () => {
  const hash = pureHashes.xxh64;

  it('gives the published answers of XXH64 with seed 0', () => {
    expect(hex(hash, '')).to.equal('ef46db3751d8e999');
    expect(hex(hash, 'a')).to.equal('d24ec4f1a98c6e5b');
    expect(hex(hash, 'abc')).to.equal('44bc2cf5ad770999');
    expect(hex(hash, 'Nobody inspects the spammish repetition')).to.equal('fbcea83c8a378bf1');
  });

  it('hashes the UTF-8 bytes, a lone surrogate as U+FFFD', async () => {
    const api = await xxhash();
    const encoder = new TextEncoder();
    const byBytes = (text: string) => api.h64Raw(encoder.encode(text)).toString(16).padStart(16, '0');
    const unit = fc.oneof(fc.nat(0x7f), fc.integer({ min: 0xd800, max: 0xdfff }), fc.nat(0xffff));
    const text = fc.array(unit, { maxLength: 80 }).map((units) => String.fromCharCode(...units));
    fc.assert(
      fc.property(text, (one) => {
        expect(hex(hash, one)).to.equal(byBytes(one));
      }),
      { numRuns: 1000 },
    );
    for (const hostile of [
      '\0',
      '\ud800',
      'a\udc00b',
      '\udc00\ud800',
      'é'.repeat(65_536),
      'x\ud800'.repeat(32_768),
    ]) {
      expect(hex(hash, hostile)).to.equal(byBytes(hostile));
    }
    expect(hex(hash, 'a\ud800')).to.equal(hex(hash, 'a\ufffd'));
  });

  it('keeps calls apart', () => {
    const first = new Uint32Array(2);
    const second = new Uint32Array(2);
    hash('a', first);
    hash('b', second);
    expect(Array.from(first)).to.deep.equal([0xd24ec4f1, 0xa98c6e5b]);
    expect(Array.from(second)).not.to.deep.equal(Array.from(first));
  });
});
