import type { Store } from '../../src/store/store.ts';
import { describeBins } from './contract-bins.ts';
import { describeHistory } from './contract-history.ts';
import { describeLeases } from './contract-leases.ts';
import { describeLifecycle } from './contract-lifecycle.ts';
import { describeRandom } from './contract-random.ts';
import { describeTransactions } from './contract-transactions.ts';
import type { Harness, HarnessOptions, MakeHarness } from './harness.ts';

export type { Harness, HarnessOptions, MakeHarness } from './harness.ts';

/** The store of the running test: a new one each time, adopted unless the test wants it raw. */
export interface Subject {
  adopted(options?: HarnessOptions): Promise<Store>;
  raw(options?: HarnessOptions): Promise<Harness>;
}

/** Runs what `src/store/store.ts` promises against one implementation. */
export function describeStoreContract(name: string, makeHarness: MakeHarness): void {
  describe(`store contract: ${name}`, () => {
    const made: Harness[] = [];

    afterEach(async () => {
      for (const harness of made.splice(0)) await harness.dispose();
    });

    const subject: Subject = {
      async raw(options) {
        const harness = await makeHarness(options);
        made.push(harness);
        return harness;
      },
      async adopted(options) {
        const { store } = await subject.raw(options);
        await store.adopt(0);
        return store;
      },
    };

    describeTransactions(subject);
    describeHistory(subject);
    describeLeases(subject);
    describeBins(subject);
    describeLifecycle(subject);
    describeRandom(subject);
  });
}
