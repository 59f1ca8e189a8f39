import { expect } from 'chai';
import { projectFiles, read } from './tree.ts';

/** Words alone: case, quotes and line breaks make no difference. */
function words(text: string): string {
  return (
    text
      .toLowerCase()
      .match(/[a-z0-9]+/g)
      ?.join(' ') ?? ''
  );
}

/** The first clause of each `Compat(...)` comment, up to a comma, semicolon, colon, bracket or full stop. */
function quirks(path: string): { path: string; quirk: string }[] {
  const text = read(path).replace(/\n\s*(\/\/|\*)(?!\/)/g, ' ');
  const comments = text.matchAll(/Compat\(\w+\):\s*((?:[^,;:().\n]|\.(?=\w))+)/g);
  return [...comments].map(([, clause]) => ({ path, quirk: words(clause ?? '') }));
}

describe('presubmit: Compat comments', () => {
  it('each have a test whose title has the words of the first clause', () => {
    const titles = projectFiles(/^test\/.*\.test\.ts$/).flatMap((path) =>
      [...read(path).matchAll(/\b(?:it|describe)\(\s*(['"`])(.*?)\1,/gs)].map(([, , title]) =>
        words(title ?? ''),
      ),
    );
    const untested = projectFiles(/^src\/.*\.ts$/)
      .flatMap(quirks)
      .filter(({ quirk }) => quirk === '' || !titles.some((title) => title.includes(quirk)));
    expect(untested).to.deep.equal([]);
  });
});
