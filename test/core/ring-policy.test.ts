import { expect } from 'chai';
import {
  decideRegister,
  decideRingPolicyPut,
  ringPolicyFrom,
  topics,
  type Instance,
  type Node,
} from '../../src/core/index.ts';
import { aNode, anInstance, PureCatalog } from '../support/pure-catalog.ts';

function registering(catalog: PureCatalog, instance: Partial<Instance>, node: Partial<Node> = {}) {
  return decideRegister(catalog.state, {
    node: aNode('n1', node),
    keepNode: false,
    instance: anInstance('n1', 'cart', instance),
    checks: [],
    replaceChecks: false,
  });
}

describe('ring policy rules', () => {
  let catalog: PureCatalog;
  beforeEach(() => {
    catalog = new PureCatalog();
    catalog.commit(registering(catalog, { meta: { slot: 'one', color: 'red' } }));
  });
  const touches = (instance: Partial<Instance>, node: Partial<Node> = {}) =>
    registering(catalog, instance, node).draft.touches.includes(topics.ring('cart'));
  const relies = (instance: Partial<Instance>, node: Partial<Node> = {}) =>
    registering(catalog, instance, node).draft.compares.some(
      (compare) => compare.kind === 'topic' && compare.topic === topics.ringPolicies,
    );

  it('have metadata change the ring where the policy takes places or zones from it', () => {
    const [slot, zone] = [{ meta: { slot: 'two', color: 'red' } }, { meta: { zone: 'a' } }];
    expect([touches(slot), touches({ meta: { slot: 'one', color: 'red' } }, zone)]).to.deep.equal([
      false,
      false,
    ]);
    catalog.commit(
      decideRingPolicyPut(catalog.state, ringPolicyFrom('CART', { hashKeyMeta: 'slot', zoneMeta: 'zone' })),
    );
    expect([touches(slot), touches({ meta: { slot: 'one', color: 'red' } }, zone)]).to.deep.equal([
      true,
      true,
    ]);
    expect(touches({ meta: { slot: 'one', color: 'blue' } })).to.equal(false);
  });

  it('have a change of metadata decided anew where a policy came in between, and no other change', () => {
    expect(relies({ meta: { slot: 'two' } })).to.equal(true);
    expect(relies({ meta: { slot: 'one', color: 'red' } }, { meta: { zone: 'a' } })).to.equal(true);
    expect(relies({ meta: { slot: 'one', color: 'red' }, port: 99 })).to.equal(false);
    expect(relies({ id: 'another', meta: { slot: 'x' } })).to.equal(false);
  });

  it('take no hash key from what every object has', () => {
    catalog.commit(
      decideRingPolicyPut(catalog.state, ringPolicyFrom('cart', { hashKeyMeta: 'constructor' })),
    );
    expect(touches({ meta: { slot: 'two' } })).to.equal(false);
  });

  it('bind a write to the ring that was previewed, also against what is not seen yet', () => {
    const policy = ringPolicyFrom('cart', { pointsPerWeight: 9 });
    const ringRevision = catalog.state.topic(topics.ring('cart'));
    const { draft } = decideRingPolicyPut(catalog.state, policy, { ringRevision });
    expect(draft.compares).to.deep.include({
      kind: 'topic',
      topic: topics.ring('cart'),
      revision: catalog.state.revision,
    });
    catalog.commit(registering(catalog, { id: 'late' }));
    expect(() => decideRingPolicyPut(catalog.state, policy, { ringRevision }))
      .to.throw()
      .with.property('code', 'ring_changed');
    expect(() => decideRingPolicyPut(catalog.state, policy, { policyRevision: 1 }))
      .to.throw()
      .with.property('code', 'revision_mismatch');
  });

  it('give every parameter its default', () => {
    expect(ringPolicyFrom('cart', {}).placement).to.deep.equal({ algorithm: 'ring', pointsPerWeight: 256 });
    expect(
      ringPolicyFrom('cart', { algorithm: 'haproxy-consistent', hashKey: 'addr' }).placement,
    ).to.deep.equal({
      algorithm: 'haproxy-consistent',
      hashKey: 'addr',
      hashFunction: 'sdbm',
      avalanche: true,
    });
  });
});
