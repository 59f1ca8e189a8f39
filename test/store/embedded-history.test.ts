import { expect } from 'chai';
import type { Commit } from '../../src/core/index.ts';
import { History } from '../../src/store/embedded/history.ts';
import { codeOf } from './harness.ts';

function commit(revision: number, valueBytes = 0): Commit {
  const record = { table: 'kv', key: 'k', createRevision: 1, modifyRevision: revision } as const;
  const puts = [{ ...record, value: new Uint8Array(valueBytes) }];
  return { revision, operation: '', puts, deletes: [], touches: [] };
}

async function next(history: History, after: number): Promise<number[]> {
  const { value } = await history.follow(after, new AbortController().signal).next();
  return (value ?? []).map(({ revision }) => revision);
}

describe('embedded history', () => {
  it('keeps the last commits by number', async () => {
    const history = new History({ commits: 5, bytes: 1 << 20 });
    history.restart(100);
    for (let revision = 101; revision <= 200; revision += 1) {
      history.append([commit(revision)]);
      const oldest = Math.max(100, revision - 5);
      expect((await next(history, oldest)).at(0)).to.equal(oldest + 1);
      expect((await next(history, revision - 1)).at(0)).to.equal(revision);
      if (oldest > 100) expect(await codeOf(next(history, oldest - 1))).to.equal('gap');
    }
  });

  it('keeps the last commits by size, and always the last one', async () => {
    const history = new History({ commits: 1000, bytes: 11_000 });
    for (let revision = 1; revision <= 20; revision += 1) history.append([commit(revision, 3000)]);
    expect(await next(history, 17)).to.deep.equal([18, 19, 20]);
    expect(await codeOf(next(history, 16))).to.equal('gap');
    history.append([commit(21, 50_000)]);
    expect(await next(history, 20)).to.deep.equal([21]);
    history.append([commit(22)]);
    expect(await next(history, 21)).to.deep.equal([22]);
  });

  it('has a gap before it, after it, and over an epoch', async () => {
    const history = new History({ commits: 10, bytes: 1 << 20 });
    history.append([commit(1), commit(2)]);
    expect(await codeOf(next(history, 3))).to.equal('gap');
    history.restart(2 ** 32 + 1);
    expect(await codeOf(next(history, 2))).to.equal('gap');
    history.append([commit(2 ** 32 + 2)]);
    expect(await next(history, 2 ** 32 + 1)).to.deep.equal([2 ** 32 + 2]);
  });

  it('wakes all who wait at once', async () => {
    const history = new History({ commits: 10, bytes: 1 << 20 });
    const waiting = Array.from({ length: 100 }, () => next(history, 0));
    await new Promise(setImmediate);
    const begin = performance.now();
    history.append([commit(1)]);
    expect(new Set((await Promise.all(waiting)).flat())).to.deep.equal(new Set([1]));
    expect(performance.now() - begin).to.be.below(900);
  });
});
