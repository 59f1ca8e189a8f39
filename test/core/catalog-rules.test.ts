import { expect } from 'chai';
import {
  checkLease,
  decideDeregisterCheck,
  decideDeregisterInstance,
  decideDeregisterNode,
  decideRegister,
  deregisterLease,
  isEmpty,
  topics,
  type Registration,
} from '../../src/core/index.ts';
import { aCheck, aNode, anInstance, PureCatalog } from '../support/pure-catalog.ts';

function registration(fields: Partial<Registration>): Registration {
  return { keepNode: false, checks: [], replaceChecks: false, ...fields };
}

function withWeb(): PureCatalog {
  const catalog = new PureCatalog();
  const check = {
    ...aCheck('n1', 'service:web', { instanceId: 'web', source: { kind: 'ttl', ttlMs: 5000 } }),
    overwriteStatus: false,
  };
  catalog.commit(
    decideRegister(
      catalog.state,
      registration({ node: aNode('n1'), instance: anInstance('n1', 'web'), checks: [check] }),
    ),
  );
  return catalog;
}

describe('catalog rules', () => {
  it('registers node, instance and check in one revision', () => {
    const { state, leases } = withWeb();
    expect(state.revision).to.equal(1);
    expect([...state.instancesOf('WEB').values()].map(({ id }) => id)).to.deep.equal(['web']);
    expect([...state.checksOn('N1').keys()]).to.have.length(1);
    expect([...leases.keys()]).to.deep.equal([checkLease('n1', 'service:web')]);
  });

  it('changes nothing for an equal registration without checks', () => {
    const { state } = withWeb();
    const again = decideRegister(
      state,
      registration({ node: aNode('n1'), instance: anInstance('n1', 'web') }),
    );
    expect(isEmpty(again.draft)).to.equal(true);
  });

  it('keeps status and output of a check that is registered again, unless told to overwrite', () => {
    const catalog = withWeb();
    const check = aCheck('n1', 'service:web', {
      instanceId: 'web',
      status: 'critical',
      output: 'new',
      source: { kind: 'ttl', ttlMs: 5000 },
    });
    catalog.commit(
      decideRegister(catalog.state, registration({ checks: [{ ...check, overwriteStatus: false }] })),
    );
    expect(catalog.state.checksOn('n1').get('n1\0service:web')).to.include({ status: 'passing', output: '' });
    catalog.commit(
      decideRegister(catalog.state, registration({ checks: [{ ...check, overwriteStatus: true }] })),
    );
    expect(catalog.state.checksOn('n1').get('n1\0service:web')).to.include({
      status: 'critical',
      output: 'new',
    });
  });

  it('drops checks that are not listed when asked to replace them', () => {
    const catalog = withWeb();
    const other = { ...aCheck('n1', 'other', { instanceId: 'web' }), overwriteStatus: false };
    const instance = anInstance('n1', 'web');
    catalog.commit(
      decideRegister(catalog.state, registration({ instance, checks: [other], replaceChecks: true })),
    );
    expect([...catalog.state.checksOn('n1').values()].map(({ id }) => id)).to.deep.equal(['other']);
    expect(catalog.leases.size).to.equal(0);
  });

  it('refuses an instance on an unknown node and a check of an unknown instance', () => {
    const { state } = withWeb();
    const lost = registration({ instance: anInstance('n2', 'web') });
    expect(() => decideRegister(state, lost))
      .to.throw()
      .with.property('code', 'node_not_found');
    const orphan = registration({
      checks: [{ ...aCheck('n1', 'x', { instanceId: 'db' }), overwriteStatus: false }],
    });
    expect(() => decideRegister(state, orphan))
      .to.throw()
      .with.property('code', 'instance_not_found');
  });

  it('refuses the name of a living member to another id, and renames a node by its id', () => {
    const catalog = new PureCatalog();
    const alive = { ...aCheck('n1', 'serfHealth'), overwriteStatus: true };
    catalog.commit(
      decideRegister(catalog.state, registration({ node: aNode('n1', { id: 'a' }), checks: [alive] })),
    );
    const clash = registration({ node: aNode('n1', { id: 'b' }) });
    expect(() => decideRegister(catalog.state, clash))
      .to.throw()
      .with.property('code', 'node_name_taken');
    catalog.commit(
      decideRegister(catalog.state, registration({ checks: [{ ...alive, status: 'critical' }] })),
    );
    expect(() => decideRegister(catalog.state, clash)).not.to.throw();
    catalog.commit(decideRegister(catalog.state, registration({ node: aNode('n2', { id: 'a' }) })));
    expect([...catalog.state.nodes.keys()]).to.deep.equal(['n2']);
  });

  it('refuses names that are not text and weights out of range', () => {
    const { state } = withWeb();
    for (const id of ['a\0b', 'half \ud800', 'x'.repeat(1025)]) {
      const bad = registration({ instance: anInstance('n1', 'web', { id }) });
      expect(() => decideRegister(state, bad))
        .to.throw()
        .with.property('code', 'invalid_request');
    }
    for (const passing of [-1, 1.5, 65_536, Number.NaN]) {
      const bad = registration({ instance: anInstance('n1', 'web', { weights: { passing, warning: 1 } }) });
      expect(() => decideRegister(state, bad))
        .to.throw()
        .with.property('code', 'invalid_request');
    }
  });

  it('removes an instance with its checks and leases, and marks the service extinct with the last one', () => {
    const catalog = withWeb();
    catalog.commit(
      decideRegister(catalog.state, registration({ instance: anInstance('n1', 'web', { id: 'web2' }) })),
    );
    catalog.commit(decideDeregisterInstance(catalog.state, 'n1', 'web'));
    expect(catalog.state.checks.size).to.equal(0);
    expect(catalog.leases.size).to.equal(0);
    expect(catalog.state.topic(topics.serviceExtinct)).to.equal(0);
    catalog.commit(decideDeregisterInstance(catalog.state, 'n1', 'web2'));
    expect(catalog.state.topic(topics.serviceExtinct)).to.equal(catalog.state.revision);
    expect(catalog.state.node('n1')?.name).to.equal('n1');
  });

  it('removes a transient node with its last instance only', () => {
    const catalog = new PureCatalog();
    const node = aNode('host', { transient: true });
    for (const id of ['a', 'b']) {
      catalog.commit(
        decideRegister(catalog.state, registration({ node, instance: anInstance('host', 'web', { id }) })),
      );
    }
    catalog.commit(decideDeregisterInstance(catalog.state, 'host', 'a'));
    expect(catalog.state.node('host')).to.not.equal(undefined);
    catalog.commit(decideDeregisterInstance(catalog.state, 'host', 'b'));
    expect(catalog.state.node('host')).to.equal(undefined);
  });

  it('removes a node with everything on it', () => {
    const catalog = withWeb();
    catalog.commit(decideDeregisterNode(catalog.state, 'N1'));
    expect(catalog.state.size).to.equal(0);
    expect(catalog.leases.size).to.equal(0);
  });

  it('says what is unknown', () => {
    const { state } = new PureCatalog();
    expect(() => decideDeregisterNode(state, 'x'))
      .to.throw()
      .with.property('code', 'node_not_found');
    expect(() => decideDeregisterInstance(state, 'x', 'y'))
      .to.throw()
      .with.property('code', 'instance_not_found');
    expect(() => decideDeregisterCheck(state, 'x', 'y'))
      .to.throw()
      .with.property('code', 'check_not_found');
  });

  it('compares what it relies on: every written record, and the ring when an instance goes', () => {
    const { state } = withWeb();
    const { draft } = decideDeregisterInstance(state, 'n1', 'web');
    expect(draft.compares).to.deep.include({
      kind: 'record',
      table: 'instance',
      key: 'n1\0web',
      revision: 1,
    });
    expect(draft.compares).to.deep.include({ kind: 'topic', topic: topics.ring('web'), revision: 1 });
    expect(draft.compares).to.deep.include({ kind: 'topic', topic: topics.service('web'), revision: 1 });
    expect(draft.compares).to.deep.include({ kind: 'record', table: 'node', key: 'n1', revision: 1 });
  });

  it('compares all of a node that goes with its last instance', () => {
    const catalog = new PureCatalog();
    const node = aNode('n1', { transient: true });
    catalog.commit(decideRegister(catalog.state, registration({ node, instance: anInstance('n1', 'web') })));
    const { draft } = decideDeregisterInstance(catalog.state, 'n1', 'web');
    expect(draft.compares).to.deep.include({ kind: 'topic', topic: topics.node('n1'), revision: 1 });
  });

  it('relies on the node and the instance that it registers something on, which may go meanwhile', () => {
    const { state } = withWeb();
    const relied = (fields: Partial<Registration>) =>
      decideRegister(state, registration(fields)).draft.compares;
    const node = { kind: 'record', table: 'node', key: 'n1', revision: 1 };
    const instance = { kind: 'record', table: 'instance', key: 'n1\0web', revision: 1 };
    expect(relied({ instance: anInstance('n1', 'api') })).to.deep.include(node);
    const check = { ...aCheck('n1', 'probe', { instanceId: 'web' }), overwriteStatus: true };
    expect(relied({ checks: [check] }))
      .to.deep.include(node)
      .and.to.deep.include(instance);
  });

  it('moves an instance to another node in one revision, with the transient node it leaves', () => {
    const catalog = new PureCatalog();
    const onHost = (name: string): Partial<Registration> => ({
      node: aNode(name, { transient: true }),
      instance: anInstance(name, 'web'),
      checks: [
        {
          ...aCheck(name, 'lease', { instanceId: 'web', source: { kind: 'lease', ttlMs: 1000 } }),
          overwriteStatus: true,
        },
      ],
    });
    catalog.commit(decideRegister(catalog.state, registration(onHost('a'))));
    const replaces = { node: 'a', id: 'web' };
    catalog.commit(decideRegister(catalog.state, registration({ ...onHost('b'), replaces })));
    expect([...catalog.state.nodes.keys()]).to.deep.equal(['b']);
    expect([...catalog.state.instances.keys()]).to.deep.equal(['b\0web']);
    expect([...catalog.leases.keys()]).to.deep.equal(['check\0b\0lease']);
    catalog.commit(decideRegister(catalog.state, registration({ ...onHost('c'), replaces })));
    expect(catalog.state.instances.size).to.equal(2);
  });

  it('moves the ring topic for a changed address, not for a changed tag', () => {
    const catalog = withWeb();
    catalog.commit(
      decideRegister(catalog.state, registration({ instance: anInstance('n1', 'web', { tags: ['v2'] }) })),
    );
    expect(catalog.state.topic(topics.ring('web'))).to.equal(1);
    expect(catalog.state.topic(topics.service('web'))).to.equal(2);
    catalog.commit(
      decideRegister(catalog.state, registration({ instance: anInstance('n1', 'web', { port: 81 }) })),
    );
    expect(catalog.state.topic(topics.ring('web'))).to.equal(3);
    catalog.commit(
      decideRegister(catalog.state, registration({ node: aNode('n1', { address: '10.9.9.9' }) })),
    );
    expect(catalog.state.topic(topics.ring('web'))).to.equal(4);
  });

  it('starts the countdown to deregistration with a check that is registered critical, and lets it run', () => {
    const catalog = withWeb();
    const check = {
      ...aCheck('n1', 'slow', { instanceId: 'web', status: 'critical', deregisterAfterMs: 60_000 }),
      overwriteStatus: false,
    };
    catalog.commit(decideRegister(catalog.state, registration({ checks: [check] })));
    expect(catalog.leases.get(deregisterLease('n1', 'slow'))).to.equal(60_000);
    const again = decideRegister(catalog.state, registration({ checks: [check] }));
    expect(again.draft.grants).to.deep.equal([]);
  });
});
