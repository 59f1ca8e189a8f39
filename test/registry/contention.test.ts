import { expect } from 'chai';
import type { Registration } from '../../src/core/index.ts';
import type { Store } from '../../src/store/store.ts';
import { altered } from '../support/altered-store.ts';
import { aCheck, aNode } from '../support/pure-catalog.ts';
import { startRegistry, type TestRegistry } from '../support/registry.ts';

/** Longer than a turn of any store, so that turns one after the other would run out of time. */
const ROUND_TRIP_MS = 30;
const WRITERS = 250;

/** The real store, far away; counts the transactions that it is sent. */
function distant(store: Store, onCommit: () => void): Store {
  return altered(store, {
    commit: async (txn) => {
      onCommit();
      await new Promise((resolve) => setTimeout(resolve, ROUND_TRIP_MS));
      return store.commit(txn);
    },
  });
}

describe('writers that collide', () => {
  let test: TestRegistry;
  let sent = 0;
  beforeEach(async () => {
    sent = 0;
    test = await startRegistry({ wrap: (store) => distant(store, () => sent++) });
  });
  afterEach(async () => {
    await test.stop();
  });
  const register = (address: string, count: number) =>
    Promise.all(
      Array.from({ length: count }, (_, i) => test.registry.catalog.register(onOneHost(address, i))),
    );

  it('wait for each other no longer than they write the same record', async () => {
    await register('10.0.0.1', WRITERS);
    expect(test.view.state.instances.size).to.equal(WRITERS);
    expect(sent, 'created by one, relied on by all').to.equal(2 * WRITERS - 1);

    sent = 0;
    await register('10.0.0.2', WRITERS);
    expect(test.view.state.node('host')?.address).to.equal('10.0.0.2');
    expect(sent, 'changed by one').to.be.below(2 * WRITERS);
  });

  it('do not collide on a node that stays, but where one adds to what the other removes', async () => {
    await test.registry.catalog.register({ ...onOneHost('10.0.0.1', 0), keepNode: true });
    sent = 0;
    const registering = test.registry.catalog.register(onOneHost('10.0.0.1', 1, 'api'));
    await Promise.all([registering, test.registry.catalog.deregisterInstance('host', 'web-0')]);
    expect(sent).to.equal(2);

    await test.registry.catalog.register(onOneHost('10.0.0.1', 2));
    sent = 0;
    const check = { ...aCheck('host', 'late', { instanceId: 'web-2' }), overwriteStatus: true };
    const checking = test.registry.catalog.register({
      keepNode: true,
      checks: [check],
      replaceChecks: false,
    });
    await Promise.all([checking, test.registry.catalog.deregisterInstance('host', 'web-2')]);
    expect(sent).to.equal(3);
    expect([...test.view.state.checks.keys()]).to.deep.equal([]);
  });

  it('remove a node that is there for its instances with the last of them', async () => {
    const node = aNode('host', { transient: true });
    for (const i of [0, 1])
      await test.registry.catalog.register({ ...onOneHost('', i, `service-${String(i)}`), node });
    await Promise.all(
      [0, 1].map((i) => test.registry.catalog.deregisterInstance('host', `web-${String(i)}`)),
    );
    expect(test.view.state.size).to.equal(0);
  });

  it('queue where each of them writes it, so that all get through', async () => {
    const put = (text: string) =>
      test.registry.kv.put({ key: 'a', value: new TextEncoder().encode(text), flags: '0' });
    const writers = 20;
    await Promise.all(Array.from({ length: writers }, (_, i) => put(String(i))));
    expect(test.view.state.revision).to.equal(writers);
    expect(sent).to.equal(2 * writers - 1);
  });
});

function onOneHost(address: string, i: number, service = 'web'): Registration {
  const node = { name: 'host', id: '', address };
  const instance = {
    node: 'host',
    id: `web-${String(i)}`,
    service,
    tags: [address],
    address: '',
    port: 80,
    weights: { passing: 1, warning: 1 },
    enableTagOverride: false,
  };
  return { node, keepNode: false, instance, checks: [], replaceChecks: true };
}
