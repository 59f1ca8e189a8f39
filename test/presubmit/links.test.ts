import { expect } from 'chai';
import { existsSync } from 'node:fs';
import { posix } from 'node:path';
import { projectFiles, read } from './tree.ts';

/** What a heading is linked by, as GitHub and others make it: no punctuation, words joined by dashes. */
function anchors(path: string): string[] {
  const headings = [...read(path).matchAll(/^#+ (.+)$/gm)].map(([, heading = '']) => heading);
  return headings.map((heading) =>
    heading
      .toLowerCase()
      .replace(/[^\p{L}\p{N}\s_-]/gu, '')
      .replace(/\s/g, '-'),
  );
}

/** Links of a page to files of the project, and to places in them, that are not there. */
function broken(page: string): string[] {
  const links = [...read(page).matchAll(/\]\(([^)\s]+)\)/g)].map(([, link = '']) => link);
  return links.filter((link) => {
    if (/^[a-z]+:/.test(link)) return false;
    const [file = '', anchor] = link.split('#');
    const path = file === '' ? page : posix.join(posix.dirname(page), file);
    if (!existsSync(path)) return true;
    return anchor !== undefined && !anchors(path).includes(anchor);
  });
}

describe('presubmit: links', () => {
  for (const page of projectFiles(/(?<!template)\.md$/)) {
    it(`of ${page} lead to files and headings that there are`, () => {
      expect(broken(page)).to.deep.equal([]);
    });
  }

  it('every decision is in docs/adr/README.md by its title', () => {
    const index = read('docs/adr/README.md');
    for (const path of projectFiles(/^docs\/adr\/\d{4}-.*\.md$/)) {
      const [, title = ''] = /^# (.+)$/m.exec(read(path)) ?? [];
      expect(index).to.include(`- [${title}](${posix.basename(path)})`);
    }
  });
});
