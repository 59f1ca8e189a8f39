import { expect } from 'chai';
import {
  checkLease,
  decideRegister,
  decideSettingPut,
  deregisterLease,
  endpointOf,
  EvictionBudget,
  isLastOfService,
  lossOf,
  populationOf,
  protectionOf,
  sessionLease,
  type Check,
  type Instance,
} from '../../src/core/index.ts';
import { aCheck, aNode, anInstance, PureCatalog } from '../support/pure-catalog.ts';

const MINUTE_MS = 60_000;
const TTL = { kind: 'ttl', ttlMs: 1000 } as const;
const LEASE = { kind: 'lease', ttlMs: 1000 } as const;

describe('eviction budget', () => {
  const budget = (budgetPercent = 15, budgetMin = 1) =>
    new EvictionBudget({ budgetPercent, budgetMin, windowMs: MINUTE_MS });

  it('is a share of what lives, rounded down, and a few at the least', () => {
    const sizes = [0, 1, 6, 13, 14, 20, 100].map((population) => budget().size(population, 0));
    expect(sizes).to.deep.equal([1, 1, 1, 1, 2, 3, 15]);
    expect(budget(100).size(7, 0)).to.equal(7);
    expect([0, 20, 27].map((population) => budget(15, 3).size(population, 0))).to.deep.equal([3, 3, 4]);
  });

  it('counts what was lost in the window as if it lived, and forgets it after', () => {
    const spent = budget();
    spent.spend(3, 0);
    expect(spent.left(17, 0)).to.equal(0);
    expect(spent.left(37, 0)).to.equal(3);
    expect([spent.spent(MINUTE_MS - 1), spent.spent(MINUTE_MS)]).to.deep.equal([3, 0]);
    expect(spent.left(17, MINUTE_MS)).to.equal(2);
  });

  it('slides: losses spread over two windows leave it one by one', () => {
    const spent = budget();
    for (const atMs of [0, 20_000, 40_000]) spent.spend(1, atMs);
    expect([0, 20_000, 40_000].map((atMs) => spent.spent(MINUTE_MS + atMs))).to.deep.equal([2, 1, 0]);
  });

  it('forgets what is later than now, as when the clock began anew', () => {
    const spent = budget();
    spent.spend(3, MINUTE_MS);
    expect(spent.spent(10)).to.equal(0);
  });
});

describe('protection', () => {
  let catalog: PureCatalog;
  beforeEach(() => {
    catalog = new PureCatalog();
  });
  const add = (id: string, check: Partial<Check> = {}, instance: Partial<Instance> = {}) =>
    catalog.commit(
      decideRegister(catalog.state, {
        node: aNode('n1'),
        keepNode: true,
        instance: anInstance('n1', 'web', { id, ...instance }),
        checks: [
          { ...aCheck('n1', `c-${id}`, { instanceId: id, source: TTL, ...check }), overwriteStatus: true },
        ],
        replaceChecks: false,
      }),
    );
  const loss = (id: string) => lossOf(catalog.state, checkLease('n1', `c-${id}`));

  it('is for heartbeats that keep something healthy, and for instances', () => {
    add('ttl');
    add('evicting', { source: LEASE, status: 'critical' });
    add('critical', { status: 'critical', deregisterAfterMs: 1 });
    expect(['ttl', 'evicting', 'critical', 'unknown'].map(loss)).to.deep.equal([
      'health',
      'health',
      undefined,
      undefined,
    ]);
    expect(lossOf(catalog.state, deregisterLease('n1', 'c-critical'))).to.equal('instance');
    expect(lossOf(catalog.state, deregisterLease('n1', 'c-ttl'))).to.equal(undefined);
    expect(lossOf(catalog.state, sessionLease('s'))).to.equal(undefined);
    expect(lossOf(catalog.state, 'of another format')).to.equal(undefined);
    expect(populationOf(catalog.state)).to.deep.equal({ health: 2, instance: 3 });
  });

  it("is not for the registry's own nodes", () => {
    const own = { service: 'consul', meta: { 'rollcall-version': '1' } };
    add('consul', {}, own);
    catalog.commit(
      decideRegister(catalog.state, {
        keepNode: true,
        checks: [{ ...aCheck('n1', 'serfHealth', { source: LEASE }), overwriteStatus: true }],
        replaceChecks: false,
      }),
    );
    expect(loss('consul')).to.equal(undefined);
    expect(lossOf(catalog.state, checkLease('n1', 'serfHealth'))).to.equal(undefined);
    // What is registered with that node counts as anywhere else.
    add('web');
    expect(loss('web')).to.equal('health');
    expect(populationOf(catalog.state).health).to.equal(1);
  });

  it('knows the last healthy instance of a service', () => {
    add('a');
    const isLast = () => isLastOfService(catalog.state, checkLease('n1', 'c-a'));
    expect(isLast()).to.equal(true);
    add('b', { status: 'critical' });
    expect(isLast()).to.equal(true);
    add('c', { status: 'warning' });
    expect(isLast()).to.equal(false);
    expect(isLastOfService(catalog.state, checkLease('n1', 'unknown'))).to.equal(false);
  });

  it('knows where an instance listens', () => {
    const endpoint = (id: string) => endpointOf(catalog.state, checkLease('n1', `c-${id}`));
    add('own', {}, { address: '10.9.9.9', port: 81 });
    add('of-node', {}, { address: '', port: 82 });
    add('nowhere', {}, { port: 0 });
    expect(endpoint('own')).to.deep.equal({ host: '10.9.9.9', port: 81 });
    expect(endpoint('of-node')).to.deep.equal({ host: '10.0.0.1', port: 82 });
    expect([endpoint('nowhere'), endpoint('unknown')]).to.deep.equal([undefined, undefined]);
  });

  it('reads what nodes have noted, and takes what it does not know for nothing', () => {
    const note = (value: unknown) =>
      catalog.commit(decideSettingPut(catalog.state, { name: 'protection', value }));
    expect(protectionOf(catalog.state)).to.equal(undefined);
    const noted = { phase: 'on', reason: 'r', sinceMs: 1, startedAt: 2, held: 3, ended: 4 } as const;
    note(noted);
    expect(protectionOf(catalog.state)).to.deep.equal(noted);
    for (const value of [null, 'on', { phase: 'of a later version' }]) {
      note(value);
      expect(protectionOf(catalog.state)).to.equal(undefined);
    }
  });
});
