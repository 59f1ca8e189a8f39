import { expect } from 'chai';
import { firstOfEpoch, kvQuery, State, type Query, type StateCommit } from '../../src/core/index.ts';
import { systemClock } from '../../src/platform/clock.ts';
import { View } from '../../src/view/view.ts';

/** A commit that writes or deletes one configuration key. */
function commit(revision: number, key: string, isThere: boolean): StateCommit {
  const pair = { key, value: new Uint8Array(), flags: '0', lockIndex: 0 };
  const value = isThere ? { ...pair, createRevision: revision, modifyRevision: revision } : undefined;
  return { revision, operation: 'x', touches: ['kv'], changes: [{ table: 'kv', key, value }] };
}

describe('waiting for the view', () => {
  const never = new AbortController().signal;

  it('goes on for something absent that came and went unseen', async () => {
    const view = new View(systemClock);
    view.apply([commit(1, 'other', true)]);
    const waiting = view.wait(kvQuery('a'), 1, 200, never);
    view.apply([commit(2, 'a', true), commit(3, 'a', false)]);
    expect(await waiting).to.deep.equal({ outcome: 'timeout', seen: 3 });
  });

  it('ends for something absent that comes, and for something that goes', async () => {
    const view = new View(systemClock);
    view.apply([commit(1, 'other', true)]);
    const coming = view.wait(kvQuery('a'), 1, 10_000, never);
    view.apply([commit(2, 'a', true)]);
    expect(await coming).to.deep.equal({ outcome: 'changed', seen: 2 });
    const going = view.wait(kvQuery('a'), 2, 10_000, never);
    view.apply([commit(3, 'a', false)]);
    expect(await going).to.deep.equal({ outcome: 'changed', seen: 3 });
  });

  it('tells the index of when it was last looked at, not of when time was up', async () => {
    const view = new View(systemClock);
    view.apply([commit(1, 'a', true)]);
    const query: Query<undefined> = {
      topics: ['woken'],
      index: (state) => state.topic('kv'),
      run: () => undefined,
    };
    const waiting = view.wait(query, 1, 50, never);
    view.apply([commit(2, 'a', true)]);
    expect(await waiting).to.deep.equal({ outcome: 'timeout', seen: 1 });
  });

  it('ends when another epoch begins, whatever was lost with the one before', async () => {
    const view = new View(systemClock);
    view.apply([commit(1, 'a', true), commit(2, 'a', true)]);
    const waiting = view.wait(kvQuery('a'), 2, 10_000, never);
    const behind = new State();
    behind.apply(commit(1, 'a', true));
    behind.revision = firstOfEpoch(1);
    view.replace(behind);
    expect(await waiting).to.deep.equal({ outcome: 'changed', seen: firstOfEpoch(1) });
  });
});
