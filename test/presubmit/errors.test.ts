import { expect } from 'chai';
import { ERROR_CODES } from '../../src/core/index.ts';
import { tableRows } from './tree.ts';

describe('presubmit: error codes', () => {
  const rows = tableRows('docs/errors.md');

  it('are in docs/errors.md with their status, and no others', () => {
    const documented = rows.map(([code, status]) => [code, status]);
    const expected = Object.entries(ERROR_CODES).map(([code, { status }]) => [`\`${code}\``, String(status)]);
    expect(documented).to.have.deep.members(expected);
  });

  it('are explained there: when, what to do, and what each dialect makes of them', () => {
    expect(rows.filter((cells) => cells.length !== 5 || cells.includes(''))).to.deep.equal([]);
  });
});
