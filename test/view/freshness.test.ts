import { expect } from 'chai';
import type { Store } from '../../src/store/store.ts';
import { altered } from '../support/altered-store.ts';
import { eventually } from '../support/eventually.ts';
import { startRegistry, type TestRegistry } from '../support/registry.ts';

const HELD_MS = 600;

describe('the age of a view', () => {
  let test: TestRegistry;
  const line = { isHeld: false };
  beforeEach(async () => {
    test = await startRegistry({ wrap: (store) => slowed(store, line) });
  });
  afterEach(async () => {
    line.isHeld = false;
    await test.stop();
  });
  const put = (key: string) =>
    test.store.commit({
      operation: key,
      compares: [],
      puts: [
        { table: 'setting', key, value: new TextEncoder().encode(`{"name":"${key}"}`), createRevision: 0 },
      ],
      deletes: [],
      touches: [],
      grants: [],
      revokes: [],
    });

  it('counts from when news were asked for, however late they come', async () => {
    line.isHeld = true;
    await put('a');
    await new Promise((resolve) => setTimeout(resolve, HELD_MS));
    const ages: number[] = [];
    test.view.onCommits(() => setImmediate(() => ages.push(test.view.ageMs)));
    line.isHeld = false;
    await eventually(() => ages.length > 0, 'the view has the news');
    expect(ages[0]).to.be.at.least(HELD_MS - 50);
  });

  it('is confirmed by the store after a batch that may not be the last', async () => {
    line.isHeld = true;
    for (let i = 0; i < 40; i++) await put(`key-${String(i)}`);
    await new Promise((resolve) => setTimeout(resolve, HELD_MS));
    // Nothing else may confirm it.
    test.view.onCommits(() => (line.isHeld = test.view.state.revision === 40));
    line.isHeld = false;
    await eventually(
      () => test.view.state.revision === 40 && test.view.ageMs < HELD_MS / 2,
      'the view is young',
      2000,
    );
  });
});

/** The real store, whose news are held up on their way. */
function slowed(store: Store, line: { isHeld: boolean }): Store {
  const follow: Store['follow'] = async function* (after, signal) {
    for await (const commits of store.follow(after, signal)) {
      while (line.isHeld && !signal.aborted) await new Promise((resolve) => setTimeout(resolve, 5));
      yield commits;
    }
  };
  return altered(store, { follow });
}
