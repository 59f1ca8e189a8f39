import { expect } from 'chai';
import { projectFiles, read } from './tree.ts';

describe('presubmit: Lua scripts', () => {
  const scripts = projectFiles(/^src\/.*\.lua$/);

  it('exist', () => {
    expect(scripts).to.not.be.empty;
  });

  for (const path of scripts) {
    it(`${path} begins with its name, KEYS, ARGV, Returns, Errors and Why`, () => {
      const header = /^(--.*\n)+\n/.exec(read(path))?.[0] ?? '';
      const name = path.replace(/^.*\/|\.lua$/g, '');
      const fields = [...header.matchAll(/^-- (\w+): \S/gm)].map(([, field]) => field);
      expect(fields).to.deep.equal([name, 'KEYS', 'ARGV', 'Returns', 'Errors', 'Why']);
    });
  }
});
