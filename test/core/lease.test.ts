import { expect } from 'chai';
import {
  checkLease,
  decideExpiry,
  decideRegister,
  deregisterLease,
  graceMs,
  topics,
  type Check,
} from '../../src/core/index.ts';
import { aCheck, aNode, anInstance, PureCatalog } from '../support/pure-catalog.ts';

const heartbeat = checkLease('n1', 'c');
const countdown = deregisterLease('n1', 'c');

function withCheck(fields: Partial<Check>): PureCatalog {
  const catalog = new PureCatalog();
  const source = { kind: 'ttl', ttlMs: 1000 } as const;
  const check = aCheck('n1', 'c', { instanceId: 'web', deregisterAfterMs: 60_000, source, ...fields });
  const checks = [{ ...check, overwriteStatus: true }];
  const [node, instance] = [aNode('n1'), anInstance('n1', 'web')];
  catalog.commit(
    decideRegister(catalog.state, { node, instance, checks, keepNode: false, replaceChecks: false }),
  );
  return catalog;
}

describe('lease rules', () => {
  it('give a lease its whole time to live after an outage, whatever it is for', () => {
    const { state } = withCheck({ status: 'critical' });
    const grace = (lease: string, nowMs: number) => graceMs(state, lease, { nowMs, resumedAtMs: 5000 });
    expect([5000, 5400, 6000, 6001].map((nowMs) => grace(heartbeat, nowMs))).to.deep.equal([
      1000, 600, 0, -1,
    ]);
    expect(grace(countdown, 6000)).to.equal(59_000);
  });

  it('give none to a lease that is for nothing', () => {
    const { state } = withCheck({ status: 'passing' });
    const clock = { nowMs: 5000, resumedAtMs: 5000 };
    const leases = [countdown, checkLease('n1', 'unknown'), 'of another format'];
    expect(leases.map((lease) => graceMs(state, lease, clock))).to.deep.equal([0, 0, 0]);
  });

  it('end a lease that seems to be for nothing only if no check has come to its node since', () => {
    const { state } = withCheck({ status: 'passing' });
    const relied = { kind: 'topic', topic: topics.node('n1'), revision: state.revision };
    for (const lease of [countdown, checkLease('n1', 'unknown')]) {
      const { result, draft } = decideExpiry(state, lease);
      expect(result).to.equal('stale');
      expect(draft.compares).to.deep.include(relied);
    }
  });
});
