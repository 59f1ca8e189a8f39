import { expect } from 'chai';
import { compileRegexp } from '../../src/platform/regexp.ts';

describe('regexp', () => {
  it('looks for the pattern anywhere in the text', () => {
    expect(compileRegexp('b+')('abbc')).to.equal(true);
    expect(compileRegexp('^b+')('abbc')).to.equal(false);
    expect(compileRegexp('(?i)É')('café')).to.equal(true);
    expect(compileRegexp('^.$')('😀')).to.equal(true);
    expect(compileRegexp('')('')).to.equal(true);
  });

  it('takes time in proportion to the text, whatever the pattern', () => {
    const text = `${'a'.repeat(20_000)}!`;
    for (const pattern of [
      '(a+)+$',
      '^(a|a)*$',
      '^(a|aa)+$',
      '(.*)*=',
      '(a?){100}a{100}b',
      '(?:a{0,10}b?){20}=$',
    ]) {
      const occursIn = compileRegexp(pattern);
      const started = performance.now();
      expect(occursIn(text), pattern).to.equal(false);
      expect(performance.now() - started, pattern).to.be.below(5_000);
    }
  });

  it('says in the words of Go what is wrong with a pattern', () => {
    for (const [pattern, reason] of [
      ['(', 'missing closing ): `(`'],
      ['a)', 'unexpected ): `a)`'],
      ['\\', 'trailing backslash at end of expression: ``'],
      ['[z-a]', 'invalid character class range: `z-a`'],
      ['(a)\\1', 'invalid escape sequence: `\\1`'],
      ['(?!a)', 'invalid or unsupported Perl syntax: `(?!`'],
      ['(a{100}){100}', 'invalid repeat count: `{100}`'],
    ] as const)
      expect(() => compileRegexp(pattern), pattern).to.throw(Error, `error parsing regexp: ${reason}`);
  });

  it('refuses patterns that cost too much', () => {
    const tooLarge = 'error parsing regexp: expression too large: `';
    expect(compileRegexp('a'.repeat(256))('a')).to.equal(false);
    expect(() => compileRegexp('a'.repeat(257))).to.throw(Error, tooLarge);
    expect(compileRegexp('[a-z]{500}')('a')).to.equal(false);
    expect(() => compileRegexp('[a-z]{600}')).to.throw(Error, tooLarge);
    expect(() => compileRegexp('(a?){500}'.repeat(20))).to.throw(Error, tooLarge);
  });
});
