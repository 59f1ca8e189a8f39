import { expect } from 'chai';
import { projectFiles, read } from './tree.ts';

const CODE = /^(src|test|scripts|bench)\/.*\.(ts|mjs|lua)$/;
const KEBAB_CASE = /^[a-z0-9]+(-[a-z0-9]+)*$/;
/** Names that say nothing about what is inside. */
const VAGUE = /^(utils?|commons?|managers?|helpers?|misc|v2)$/;

describe('presubmit: files', () => {
  it('have names in kebab-case that say what is inside', () => {
    const misnamed = projectFiles(CODE).filter((path) => {
      const parts = path.replace(/(\.test|\.d)?\.\w+$/, '').split('/');
      return parts.some((part) => !KEBAB_CASE.test(part) || part.split('-').some((word) => VAGUE.test(word)));
    });
    expect(misnamed).to.deep.equal([]);
  });

  it('are short: 300 lines in src/, 500 in test/', () => {
    const long = projectFiles(CODE)
      .map((path) => ({ path, lines: read(path).trimEnd().split('\n').length }))
      .filter(({ path, lines }) => lines > (path.startsWith('test/') ? 500 : 300));
    expect(long).to.deep.equal([]);
  });

  it('put nothing off and point at nothing outside the project', () => {
    // Put together here so that this file does not find itself.
    const banned = new RegExp(
      ['\\bTO' + 'DO\\b', '\\bFIX' + 'ME\\b', '\\bX' + 'XX\\b', '\\.\\./sha' + 'red'].join('|'),
    );
    const found = projectFiles(/\.(ts|mjs|cjs|js|lua|md|ya?ml|json)$|Dockerfile$|^\.ci\//)
      .filter((path) => path !== 'package-lock.json')
      .filter((path) => banned.test(read(path)));
    expect(found).to.deep.equal([]);
  });
});
