import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect } from 'chai';

/** Blocks of code that a slice may enter; each is a few operations long. */
const MOST_BLOCKS = 600_000;

/** Slices are measured by the code that they run, which is the same however busy the machine is. */
describe('slices of work on rings', function () {
  this.timeout(240_000);
  let work: Map<string, { readonly most: number; readonly total: number }>;

  before(async () => {
    const program = fileURLToPath(new URL('slice-work.ts', import.meta.url));
    const options = { timeout: 220_000, env: { ...process.env, NODE_V8_COVERAGE: '' } };
    const { stdout } = await promisify(execFile)(process.execPath, ['--import', 'tsx', program], options);
    work = new Map(Object.entries(JSON.parse(stdout) as Record<string, { most: number; total: number }>));
  });

  it('are bounded, whatever is built, changed or compared', () => {
    expect(work.size).to.be.greaterThan(50);
    const large = [...work].filter(([name, { most }]) => name !== 'in one go' && most > MOST_BLOCKS);
    expect(large.map(([name, { most }]) => `${name}: ${most}`)).to.deep.equal([]);
  });

  it('claim a table of uneven weights without asking every member in every turn', () => {
    const { total = Infinity } = work.get('a table of uneven weights') ?? {};
    expect(total).to.be.lessThan(5_000_000);
  });

  it('do not search a table of one hash key from its beginning for each member', () => {
    const { total = Infinity } = work.get('a table of one hash key') ?? {};
    expect(total).to.be.lessThan(5_000_000);
  });

  it('are seen where work is not sliced (negative control)', () => {
    expect(work.get('in one go')?.most).to.be.greaterThan(10 * MOST_BLOCKS);
  });
});
