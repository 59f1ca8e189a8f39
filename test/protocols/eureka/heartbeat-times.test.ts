import { expect } from 'chai';
import { decideRegister } from '../../../src/core/index.ts';
import { HeartbeatTimes } from '../../../src/protocols/eureka/heartbeat-times.ts';
import { aNode, anInstance, PureCatalog } from '../../support/pure-catalog.ts';

describe('eureka heartbeat times', () => {
  it('stay for registered instances, however many others have come and gone', () => {
    const catalog = new PureCatalog();
    const kept = anInstance('n', 'kept');
    const registration = {
      node: aNode('n'),
      keepNode: false,
      instance: kept,
      checks: [],
      replaceChecks: false,
    };
    catalog.commit(decideRegister(catalog.state, registration));
    const times = new HeartbeatTimes(catalog);
    times.note(kept, 7);
    const gone = Array.from({ length: 500 }, (_, i) => anInstance('N', `gone-${String(i)}`));
    for (const instance of gone) times.note(instance, 8);
    expect(times.last(kept)).to.equal(7);
    expect(gone.filter((instance) => times.last(instance) !== undefined)).to.have.length.below(110);
  });
});
