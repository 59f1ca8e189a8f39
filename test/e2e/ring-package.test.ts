import { expect } from 'chai';
import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';

const ROOT = resolve(import.meta.dirname, '../..');
const TIMEOUT_MS = 120_000;

/** Compiles only with the declarations of the package: without them nothing would be wrong in the last line. */
const TYPED = `
import { buildRing, DEFAULT_POLICY, type Member, movement, pureHashes, type Ring } from 'rollcall/ring';
import { RollcallClient } from 'rollcall/client';
const members: Member[] = [{ id: 'a', hashKey: '10.0.0.1:80', weight: 2 }];
const ring: Ring = buildRing(members, DEFAULT_POLICY, pureHashes);
export const owner: string | undefined = ring.owner('user-42')?.id;
export const share: number = movement(ring, ring.with({ remove: ['a'] })).movedShare;
export const client = new RollcallClient({ url: 'http://127.0.0.1:8500' });
// @ts-expect-error A weight is a number.
buildRing([{ id: 'a', hashKey: 'a', weight: '1' }], DEFAULT_POLICY, pureHashes);
`;

/** The one example of docs/ring.md in JavaScript. */
function example(): string {
  const page = readFileSync(join(ROOT, 'docs/ring.md'), 'utf8');
  const blocks = [...page.matchAll(/^```js\n(.*?)^```$/gms)];
  expect(blocks).to.have.length(1);
  return blocks[0]?.[1] ?? '';
}

describe('the package', function () {
  this.timeout(TIMEOUT_MS);
  let work: string;
  let app: string;
  const run = (program: string, args: readonly string[], cwd: string) =>
    execFileSync(program, args, { cwd, encoding: 'utf8', timeout: TIMEOUT_MS, stdio: 'pipe' });
  const tsc = (...args: string[]) =>
    run(process.execPath, [join(ROOT, 'node_modules/typescript/bin/tsc'), ...args], ROOT);

  before(() => {
    work = mkdtempSync(join(tmpdir(), 'rollcall-package-'));
    // Built aside, for others may be running what is in dist/.
    for (const file of ['package.json', 'LICENSE', 'README.md', 'CHANGELOG.md', 'openapi']) {
      cpSync(join(ROOT, file), join(work, file), { recursive: true });
    }
    for (const config of ['tsconfig.build.json', 'tsconfig.types.json']) {
      tsc('-p', config, '--outDir', join(work, 'dist'));
    }
    run('npm', ['pack', '--ignore-scripts', '--pack-destination', work], work);
    app = join(work, 'app');
    mkdirSync(join(app, 'node_modules'), { recursive: true });
    run('tar', ['-xzf', join(work, 'rollcall-0.1.0.tgz'), '-C', join(app, 'node_modules')], work);
    run('mv', ['node_modules/package', 'node_modules/rollcall'], app);
    writeFileSync(join(app, 'package.json'), '{"type":"module"}');
  });

  after(() => rmSync(work, { recursive: true, force: true }));

  it('lets a program use the ring and nothing else of it, as the documentation shows', () => {
    const source = example();
    writeFileSync(join(app, 'example.js'), source);
    const said = [...source.matchAll(/^console\.log\(.*\); \/\/ (.*)$/gm)].map(([, text = '']) => text);
    expect(said).to.have.length.of.at.least(4);
    expect(run(process.execPath, ['example.js'], app).trimEnd().split('\n')).to.deep.equal(said);
  });

  it('tells TypeScript what it exports', () => {
    writeFileSync(join(app, 'example.ts'), TYPED);
    const strict = [
      '--strict',
      '--noEmit',
      '--module',
      'nodenext',
      '--target',
      'es2023',
      '--lib',
      'es2023,dom',
    ];
    run(process.execPath, [join(ROOT, 'node_modules/typescript/bin/tsc'), ...strict, 'example.ts'], app);
  });

  it('exports the client, and keeps its inner files to itself', () => {
    const imports =
      "const { RollcallClient } = await import('rollcall/client'); console.log(typeof RollcallClient);";
    expect(run(process.execPath, ['--input-type=module', '-e', imports], app)).to.equal('function\n');
    const inner =
      "await import('rollcall/dist/core/ring/circle.js').catch((error) => console.log(error.code));";
    const said = run(process.execPath, ['--input-type=module', '-e', inner], app);
    expect(said).to.equal('ERR_PACKAGE_PATH_NOT_EXPORTED\n');
  });
});
