import { expect } from 'chai';
import type { Txn } from '../../src/core/index.ts';
import { CommitQueue } from '../../src/store/redis/commit-queue.ts';

/** A transaction that touches so many topics, and does nothing else. */
function touching(count: number): Txn {
  const touches = Array.from({ length: count }, (_, i) => `service:${String(i)}`);
  return { operation: 'o', compares: [], puts: [], deletes: [], touches, grants: [], revokes: [] };
}

/** Commits transactions in one turn; resolves with how many of them went out together. */
async function groupsOf(txns: readonly Txn[]): Promise<number[]> {
  const sizes: number[] = [];
  let base = 0;
  const queue = new CommitQueue(
    () => 1,
    (group) => {
      sizes.push(group.length);
      const reply = { base, failedCompares: group.map(() => 0) };
      base += group.length;
      return Promise.resolve(reply);
    },
  );
  const results = await Promise.all(txns.map((txn) => queue.commit(txn)));
  const revisions = results.map((result) => (result.outcome === 'applied' ? result.revision : undefined));
  expect(revisions).to.deep.equal(txns.map((_, i) => i + 1));
  return sizes;
}

describe('redis store: commit queue', () => {
  it('sends at most a hundred transactions at once', async () => {
    expect(await groupsOf(Array.from({ length: 250 }, () => touching(2)))).to.deep.equal([100, 100, 50]);
  });

  it('sends at most so much at once as Redis does in a millisecond', async () => {
    expect(await groupsOf(Array.from({ length: 60 }, () => touching(20)))).to.deep.equal([25, 25, 10]);
  });

  it('sends a transaction that is larger than that alone', async () => {
    expect(await groupsOf([touching(2), touching(3000), touching(2)])).to.deep.equal([1, 1, 1]);
  });
});
