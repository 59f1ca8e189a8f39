import { readdirSync, readFileSync } from 'node:fs';
import { expect } from 'chai';
import { ringPictures } from '../../../scripts/ring-pictures.ts';
import { pureHashes } from '../../../src/core/ring/index.ts';

const DOCS = new URL('../../../docs/', import.meta.url);

describe('pictures of rings', () => {
  let drawn: ReadonlyMap<string, string>;

  before(async () => {
    drawn = ringPictures(pureHashes);
  });

  it('are in the docs as they are drawn today; `npm run docs:pictures` draws them', () => {
    const kept = readdirSync(new URL('images/', DOCS)).filter((name) => name.startsWith('ring'));
    expect(kept.sort()).to.deep.equal([...drawn.keys()].sort());
    for (const [name, text] of drawn)
      expect(readFileSync(new URL(`images/${name}`, DOCS), 'utf8') === text, name).to.equal(true);
  });

  it('are all shown, each with words for those who cannot see it', () => {
    const page = readFileSync(new URL('ring.md', DOCS), 'utf8');
    const shown = [...page.matchAll(/!\[([^\]]*)\]\(images\/([^)]+)\)/g)];
    expect(shown.map(([, , name]) => name).sort()).to.deep.equal([...drawn.keys()].sort());
    for (const [, words = '', name] of shown) expect(words.length, name).to.be.above(60);
  });
});
