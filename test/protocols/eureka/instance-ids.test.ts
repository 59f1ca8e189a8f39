import { expect } from 'chai';
import {
  decideDeregisterInstance,
  decideRegister,
  type Instance,
  type StateCommit,
} from '../../../src/core/index.ts';
import { InstanceIds } from '../../../src/protocols/eureka/instance-ids.ts';
import { aNode, anInstance, PureCatalog } from '../../support/pure-catalog.ts';

function throughEureka(node: string, id: string, service: string, instanceId = id): Instance {
  return { ...anInstance(node, id), service, extensions: { eureka: { instanceId } } };
}

describe('eureka instance ids', () => {
  let catalog: PureCatalog;
  let listeners: ((commits: readonly StateCommit[]) => void)[];
  let ids: InstanceIds;
  beforeEach(() => {
    catalog = new PureCatalog();
    listeners = [];
    ids = new InstanceIds({
      get state() {
        return catalog.state;
      },
      onChange: (listener) => {
        listeners.push(listener);
        return () => undefined;
      },
    });
  });
  const register = (instance: Instance) => {
    const node = aNode(instance.node);
    const registration = { node, keepNode: false, instance, checks: [], replaceChecks: false };
    tell('instance', instance, () => catalog.commit(decideRegister(catalog.state, registration)));
  };
  const deregister = (instance: Instance) => {
    const { node, id } = instance;
    tell('instance', instance, () => catalog.commit(decideDeregisterInstance(catalog.state, node, id)));
  };
  const tell = (table: 'instance', { node, id }: Instance, change: () => void) => {
    change();
    const { revision } = catalog.state;
    const changes = [{ table, key: `${node}\0${id}`, value: undefined }];
    for (const listener of listeners) listener([{ revision, operation: 'test', changes, touches: [] }]);
  };
  const found = (app: string, id: string) => ids.inApp(app, id)?.node;

  it('find what registered through Eureka, before the first question and after it', () => {
    register(throughEureka('n1', 'a', 'cart'));
    expect(found('CART', 'a')).to.equal('n1');
    register(throughEureka('n2', 'b', 'cart'));
    expect(found('cart', 'b')).to.equal('n2');
    expect(found('CART', 'B')).to.equal(undefined);
    expect(found('OTHER', 'b')).to.equal(undefined);
    expect(ids.inAny('b')?.node).to.equal('n2');
    expect(listeners).to.have.lengthOf(1);
  });

  it('tell applications of one host apart that use one id', () => {
    register(throughEureka('n', 'x', 'one'));
    register(throughEureka('n', 'x:two', 'two', 'x'));
    expect(ids.inApp('ONE', 'x')?.id).to.equal('x');
    expect(ids.inApp('TWO', 'x')?.id).to.equal('x:two');
  });

  it('know an instance that registered elsewhere by its node and its id, colons and case included', () => {
    register({ ...anInstance('Host:8080', 'web:1'), service: 'Web' });
    expect(found('WEB', 'Host:8080:web:1')).to.equal('Host:8080');
    expect(found('WEB', 'host:8080:web:1')).to.equal(undefined);
    expect(found('WEB', 'web:1')).to.equal(undefined);
    expect(found('WEB', ':'.repeat(3000))).to.equal(undefined);
  });

  it('forget what has gone, and follow what is known by another id', () => {
    const first = throughEureka('n', 'a', 'cart');
    register(first);
    expect(found('CART', 'a')).to.equal('n');
    register({ ...first, extensions: { eureka: { instanceId: 'b' } } });
    expect(found('CART', 'a')).to.equal(undefined);
    expect(found('CART', 'b')).to.equal('n');
    register(anInstance('n', 'a'));
    expect(found('CART', 'b')).to.equal(undefined);
    register(first);
    deregister(first);
    expect(found('CART', 'a')).to.equal(undefined);
  });

  it('are looked up anew after a snapshot', () => {
    register(throughEureka('n', 'a', 'cart'));
    expect(found('CART', 'a')).to.equal('n');
    catalog = new PureCatalog();
    for (const listener of listeners) listener([]);
    expect(found('CART', 'a')).to.equal(undefined);
    register(throughEureka('m', 'a', 'cart'));
    expect(found('CART', 'a')).to.equal('m');
  });

  it('never show the instances of the registry itself', () => {
    register({ ...anInstance('n', 'consul'), service: 'consul' });
    expect(found('CONSUL', 'n:consul')).to.equal(undefined);
    expect(ids.inAny('n:consul')).to.equal(undefined);
  });
});
