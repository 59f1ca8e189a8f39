import { expect } from 'chai';
import type { Revision } from '../../src/core/index.ts';
import { StoreError, type Store } from '../../src/store/store.ts';
import { startRegistry, type TestRegistry } from '../support/registry.ts';

/** What becomes of the next commits: applied or not, and what the caller hears. */
interface Fault {
  readonly apply: boolean;
  readonly answer: StoreError;
}

const bytes = (text: string) => new TextEncoder().encode(text);
const lost = () => new StoreError('unknown_outcome', 'reply lost');

/** The real store behind a link that loses what it is told to lose. */
function faulty(store: Store, faults: Fault[]): Store {
  const commit: Store['commit'] = async (txn) => {
    const fault = faults.shift();
    if (fault === undefined) return store.commit(txn);
    if (fault.apply) await store.commit(txn);
    throw fault.answer;
  };
  return new Proxy(store, {
    get: (target, name) => {
      if (name === 'commit') return commit;
      const value: unknown = Reflect.get(target, name);
      return typeof value === 'function' ? (value.bind(target) as unknown) : value;
    },
  });
}

describe('writes whose reply is lost', () => {
  let test: TestRegistry;
  const faults: Fault[] = [];
  beforeEach(async () => {
    faults.length = 0;
    test = await startRegistry({ wrap: (store) => faulty(store, faults) });
  });
  afterEach(async () => {
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
