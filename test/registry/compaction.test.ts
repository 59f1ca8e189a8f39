import { expect } from 'chai';
import { nodeQuery, serviceQuery, kvPrefixQuery } from '../../src/core/index.ts';
import { systemClock } from '../../src/platform/clock.ts';
import { createLogger } from '../../src/platform/logger.ts';
import { systemRandom } from '../../src/platform/random.ts';
import { Follower } from '../../src/view/follower.ts';
import { View } from '../../src/view/view.ts';
import { eventually } from '../support/eventually.ts';
import { aNode, anInstance } from '../support/pure-catalog.ts';
import { startRegistry, type TestRegistry } from '../support/registry.ts';

describe('a registry node that starts after the store was compacted', () => {
  let tested: TestRegistry;
  let late: View;
  let follower: Follower;

  before(async () => {
    tested = await startRegistry();
    const { registry, store } = tested;
    for (const service of ['web', 'gone']) {
      await registry.catalog.register({
        node: aNode('n1'),
        keepNode: true,
        instance: anInstance('n1', service),
        checks: [],
        replaceChecks: false,
      });
    }
    await registry.catalog.deregisterInstance('n1', 'gone');
    await registry.kv.put({ key: 'a/b', value: new Uint8Array(1), flags: '0' });
    await registry.kv.delete('a/b');
    await store.compact(registry.state.revision);
    late = new View(systemClock);
    const deps = { store, view: late, clock: systemClock, random: systemRandom };
    follower = new Follower({ ...deps, logger: createLogger('silent') });
    follower.start();
    await eventually(() => late.ready, 'the snapshot');
  });

  after(async () => {
    await follower.stop();
    await tested.stop();
  });

  it('takes no index back that another node has told', () => {
    const { state } = tested.registry;
    expect(late.state.topics.size).to.equal(0);
    for (const query of [
      serviceQuery('web'),
      serviceQuery('gone'),
      nodeQuery('n1'),
      nodeQuery('nobody'),
      kvPrefixQuery('a/'),
      kvPrefixQuery('nothing/'),
    ]) {
      const told = query.index(state);
      expect(told).to.be.above(0);
      expect(query.index(late.state)).to.be.within(told, state.revision);
    }
  });

  it('moves an index on at the next change', async () => {
    const before = serviceQuery('web').index(late.state);
    const { registry } = tested;
    await registry.catalog.deregisterInstance('n1', 'web');
    await eventually(() => late.state.revision === registry.state.revision, 'the change arrives');
    expect(serviceQuery('web').index(late.state)).to.be.above(before);
  });
});
