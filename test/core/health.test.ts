import { expect } from 'chai';
import {
  checkLease,
  decideExpiry,
  decideRegister,
  decideStatus,
  deregisterLease,
  isEmpty,
  RollcallError,
  topics,
  worstStatus,
  type Check,
} from '../../src/core/index.ts';
import { aCheck, aNode, anInstance, PureCatalog } from '../support/pure-catalog.ts';

function withCheck(fields: Partial<Check>): PureCatalog {
  const catalog = new PureCatalog();
  const check = { ...aCheck('n1', 'c', { instanceId: 'web', ...fields }), overwriteStatus: false };
  const node = aNode('n1');
  const instance = anInstance('n1', 'web');
  catalog.commit(
    decideRegister(catalog.state, { node, keepNode: false, instance, checks: [check], replaceChecks: false }),
  );
  return catalog;
}

const KEY = 'n1\0c';
const report = { node: 'n1', checkId: 'c', output: 'out', writeOutput: false } as const;

describe('health rules', () => {
  it('takes the worst status', () => {
    const of = (...all: Check['status'][]) => worstStatus(all.map((status) => aCheck('n', 'c', { status })));
    expect(of()).to.equal('passing');
    expect(of('passing', 'warning')).to.equal('warning');
    expect(of('critical', 'warning')).to.equal('critical');
  });

  it('writes nothing when the status is the same, unless the output is due', () => {
    const { state } = withCheck({});
    expect(isEmpty(decideStatus(state, { ...report, status: 'passing' }).draft)).to.equal(true);
    expect(isEmpty(decideStatus(state, { ...report, status: 'passing', writeOutput: true }).draft)).to.equal(
      false,
    );
  });

  it('takes a fenced report only while the topic has not moved since', () => {
    const catalog = new PureCatalog();
    const put = (name: string) =>
      catalog.commit(
        decideRegister(catalog.state, {
          node: aNode(name),
          keepNode: false,
          checks: [{ ...aCheck(name, 'c'), overwriteStatus: true }],
          replaceChecks: false,
        }),
      );
    put('n1');
    put('ring');
    const topic = topics.node('ring');
    const fence = { topic, revision: catalog.state.topic(topic) };
    const report = {
      node: 'n1',
      checkId: 'c',
      status: 'critical',
      output: '',
      writeOutput: true,
      fence,
    } as const;
    const { draft } = decideStatus(catalog.state, report);
    expect(draft.puts).to.have.length(1);
    // A view that is behind does not know that the topic has moved: the store does.
    expect(draft.compares).to.deep.include({ kind: 'topic', topic, revision: catalog.state.revision });
    catalog.commit(decideStatus(catalog.state, { ...report, node: 'ring' }));
    expect(() => decideStatus(catalog.state, report))
      .to.throw(RollcallError)
      .with.property('code', 'aborted');
  });

  it('refuses an unknown check', () => {
    expect(() => decideStatus(new PureCatalog().state, { ...report, status: 'passing' }))
      .to.throw()
      .with.property('code', 'check_not_found');
  });

  it('counts down while critical and stops when it recovers', () => {
    const catalog = withCheck({ deregisterAfterMs: 60_000 });
    catalog.commit(decideStatus(catalog.state, { ...report, status: 'critical' }));
    expect(catalog.leases.get(deregisterLease('n1', 'c'))).to.equal(60_000);
    catalog.commit(decideStatus(catalog.state, { ...report, status: 'warning' }));
    expect(catalog.leases.has(deregisterLease('n1', 'c'))).to.equal(false);
  });

  it('turns a TTL check critical when its lease ends, keeping the last output', () => {
    const catalog = withCheck({ source: { kind: 'ttl', ttlMs: 1000 }, output: 'fine' });
    const lease = checkLease('n1', 'c');
    const decision = decideExpiry(catalog.state, lease);
    expect(decision.draft.compares).to.deep.include({ kind: 'lease-due', lease });
    expect(catalog.commit(decision)).to.equal('critical');
    expect(catalog.state.checks.get(KEY)).to.include({
      status: 'critical',
      output: 'TTL expired (last output before timeout follows): fine',
    });
    expect(catalog.leases.has(lease)).to.equal(false);
  });

  it('evicts the instance of a lease check when its lease ends', () => {
    const catalog = withCheck({ source: { kind: 'lease', ttlMs: 1000 } });
    expect(catalog.commit(decideExpiry(catalog.state, checkLease('n1', 'c')))).to.equal('evicted');
    expect(catalog.state.instances.size).to.equal(0);
  });

  it('deregisters the instance when the countdown ends, but not if the check has recovered', () => {
    const catalog = withCheck({ status: 'critical', deregisterAfterMs: 60_000 });
    const lease = deregisterLease('n1', 'c');
    expect(catalog.commit(decideExpiry(catalog.state, lease))).to.equal('deregistered');
    expect(catalog.state.instances.size).to.equal(0);
    const healthy = withCheck({ deregisterAfterMs: 60_000 });
    expect(healthy.commit(decideExpiry(healthy.state, lease))).to.equal('stale');
    expect(healthy.state.instances.size).to.equal(1);
  });

  it('only drops a lease whose check is gone', () => {
    const catalog = new PureCatalog();
    catalog.leases.set(checkLease('n1', 'gone'), 1);
    expect(catalog.commit(decideExpiry(catalog.state, checkLease('n1', 'gone')))).to.equal('stale');
    expect(catalog.leases.size).to.equal(0);
  });
});
