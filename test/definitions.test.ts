import { expect } from 'chai';
import { loadConfig } from '../src/config/index.ts';
import { DefinitionLoader } from '../src/definitions.ts';
import { createLogger } from '../src/platform/logger.ts';
import { StoreError, type Store } from '../src/store/store.ts';
import { altered } from './support/altered-store.ts';
import { startRegistry, type TestRegistry } from './support/registry.ts';

describe('service definitions of a node that starts', () => {
  const logger = createLogger('silent');
  let test: TestRegistry;
  let refusals: number;
  beforeEach(async () => {
    const commit =
      (store: Store): Store['commit'] =>
      (txn) =>
        refusals-- > 0 ? Promise.reject(new StoreError('unavailable', 'away')) : store.commit(txn);
    refusals = 0;
    test = await startRegistry({ wrap: (store) => altered(store, { commit: commit(store) }) });
  });
  afterEach(() => test.stop());
  const loader = (content: unknown) =>
    new DefinitionLoader({
      ...{ config: loadConfig([], {}), registry: test.registry, logger },
      read: () => ({ files: [{ source: 'web.json', content }] }),
    });
  const signal = () => AbortSignal.timeout(10_000);

  it('are registered once the store takes them', async () => {
    refusals = 2;
    await loader({ service: { name: 'web' } }).begin(signal());
    expect(test.registry.state.instancesOf('web').size).to.equal(1);
  });

  it('end the start where they are wrong, or the node is to stop', async () => {
    const failureOf = (promise: Promise<void>) =>
      promise.then(
        () => 'none',
        (error: unknown) => String(error),
      );
    expect(await failureOf(loader({ service: { name: '' } }).begin(signal()))).to.include('web.json');
    refusals = Infinity;
    const stopped = failureOf(loader({ service: { name: 'web' } }).begin(AbortSignal.abort()));
    expect(await stopped).to.include('store');
    refusals = 0;
  });
});
