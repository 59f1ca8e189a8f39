import { expect } from 'chai';
import { type Setting, SETTINGS } from '../../src/config/index.ts';
import { projectFiles, read, tableRows } from './tree.ts';

/** The row of docs/configuration.md that a setting must have. */
function row(setting: Setting): string[] {
  const { key, env, flag, type, default: value, defaultText, description, secret } = setting;
  const shownType = setting.type === 'enum' ? setting.values.join(', ') : type;
  const shownDefault = defaultText ?? `\`${value ?? ''}\``;
  const shownDescription =
    secret === true ? `${description} Secret: \`${env}_FILE\` may name a file.` : description;
  return [`\`${key}\``, `\`${env}\``, `\`--${flag}\``, shownType, shownDefault, shownDescription];
}

describe('presubmit: settings', () => {
  it('are in docs/configuration.md as in the table of the code, and no others', () => {
    const documented = tableRows('docs/configuration.md').filter(([key]) => key?.startsWith('`'));
    expect(documented).to.deep.equal(SETTINGS.map(row));
  });

  it('are the only ROLLCALL_ variables that the docs and the containers speak of', () => {
    const known = new Set(
      SETTINGS.flatMap(({ env, secret }) => (secret === true ? [env, `${env}_FILE`] : [env])),
    );
    for (const other of ['ROLLCALL_CONFIG', 'ROLLCALL_URL', 'ROLLCALL_SERVICE_HOST', 'ROLLCALL_PORT'])
      known.add(other);
    const unknown = projectFiles(/\.(md|ya?ml)$|Dockerfile$|^\.ci\//).flatMap((path) =>
      [...read(path).matchAll(/\bROLLCALL_[A-Z_]*[A-Z]/g)]
        .filter(([name]) => !known.has(name))
        .map(([name]) => `${path}: ${name}`),
    );
    expect(unknown).to.deep.equal([]);
  });

  it('are described in one sentence', () => {
    const wrong = SETTINGS.filter(
      ({ description }) => !/^[A-Z`].*[^.]\.$/.test(description) || /\. [A-Z]/.test(description),
    );
    expect(wrong).to.deep.equal([]);
  });
});
