import { expect } from 'chai';
import { State, type Revision } from '../../src/core/index.ts';
import { StoreError, type Store } from '../../src/store/store.ts';
import { altered } from '../support/altered-store.ts';
import { eventually } from '../support/eventually.ts';
import { startRegistry, type TestRegistry } from '../support/registry.ts';

/** What becomes of the next commits: applied or not, and what the caller hears. */
interface Fault {
  readonly apply: boolean;
  readonly answer: StoreError;
}

const bytes = (text: string) => new TextEncoder().encode(text);
const lost = () => new StoreError('unknown_outcome', 'reply lost');

/** Whether news of the store reach nobody at the moment. */
interface News {
  held: boolean;
}

/** The real store behind a link that loses what it is told to lose. */
function faulty(store: Store, faults: Fault[], news: News): Store {
  const follow: Store['follow'] = async function* (after, signal) {
    for await (const commits of store.follow(after, signal)) {
      while (news.held && !signal.aborted) await new Promise((resolve) => setTimeout(resolve, 5));
      yield commits;
    }
  };
  const commit: Store['commit'] = async (txn) => {
    const fault = faults.shift();
    if (fault === undefined) return store.commit(txn);
    if (fault.apply) await store.commit(txn);
    throw fault.answer;
  };
  return altered(store, { commit, follow });
}

describe('writes whose reply is lost', () => {
  let test: TestRegistry;
  const faults: Fault[] = [];
  const news: News = { held: false };
  beforeEach(async () => {
    faults.length = 0;
    test = await startRegistry({ wrap: (store) => faulty(store, faults, news) });
  });
  afterEach(async () => {
    news.held = false;
    await test.stop();
  });
  const create = (key: string) =>
    test.registry.kv.put({ key, value: bytes('1'), flags: '0', expectedRevision: 0 });
  const revision = (): Revision => test.view.state.revision;

  it('are applied once and answered with the first result when the first attempt got through', async () => {
    faults.push({ apply: true, answer: lost() });
    expect(await create('a')).to.equal(true);
    expect(revision()).to.equal(1);
  });

  it('are applied by the second attempt when the first got lost', async () => {
    faults.push({ apply: false, answer: lost() });
    expect(await create('a')).to.equal(true);
    expect(revision()).to.equal(1);
  });

  it('are reported as unknown when the second reply is lost too, or the store is gone by then', async () => {
    faults.push({ apply: true, answer: lost() }, { apply: false, answer: lost() });
    expect(await codeOf(create('a'))).to.equal('outcome_unknown');
    faults.push(
      { apply: true, answer: lost() },
      { apply: false, answer: new StoreError('unavailable', 'gone') },
    );
    expect(await codeOf(create('b'))).to.equal('outcome_unknown');
    faults.push(
      { apply: true, answer: lost() },
      { apply: false, answer: new StoreError('epoch_changed', 'other') },
    );
    expect(await codeOf(create('c'))).to.equal('outcome_unknown');
  });

  it('are not called refused when the store took them and the view does not get them', async () => {
    news.held = true;
    expect(await codeOf(create('a'))).to.equal('outcome_unknown');
    news.held = false;
    await eventually(() => revision() === 1, 'the view has it after all');
  });

  it('are unknown where the first attempt may have gone by unseen, in a new snapshot', async () => {
    news.held = true;
    faults.push({ apply: true, answer: lost() });
    const creating = codeOf(create('a'));
    await eventually(async () => (await test.store.revision()) === 1, 'the first attempt is applied');
    const snapshot = new State();
    snapshot.revision = 1;
    test.view.replace(snapshot);
    expect(await creating).to.equal('outcome_unknown');
  });

  it('are refused, not unknown, when the store was gone before they were sent', async () => {
    faults.push({ apply: false, answer: new StoreError('unavailable', 'gone') });
    expect(await codeOf(create('a'))).to.equal('store_unavailable');
    expect(revision()).to.equal(0);
  });
});

async function codeOf(promise: Promise<unknown>): Promise<unknown> {
  try {
    return await promise;
  } catch (error) {
    return error instanceof Error && 'code' in error ? error.code : error;
  }
}
