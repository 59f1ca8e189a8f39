import { expect } from 'chai';
import type { Check } from '../../src/core/index.ts';
import { pureHashes } from '../../src/core/ring/index.ts';
import { Assignment } from '../../src/runtime/checks/assignment.ts';
import { aCheck, aNode, anInstance } from '../support/pure-catalog.ts';
import { startRegistry, TEST_IDENTITY, type TestRegistry } from '../support/registry.ts';

const SELF = TEST_IDENTITY.nodeName;
const KEYS = Array.from({ length: 1000 }, (_, i) => `n1\0check-${i}`);

describe('assignment of checks', () => {
  let test: TestRegistry;
  let assignment: Assignment;
  beforeEach(async () => {
    test = await startRegistry();
    assignment = new Assignment(test.registry, pureHashes.xxh64);
  });
  afterEach(async () => {
    await test.stop();
  });

  async function join(
    name: string,
    meta: Record<string, string> = { 'rollcall-version': '1' },
    id = 'consul',
  ) {
    const health: Check = aCheck(name, 'serfHealth');
    await test.registry.catalog.register({
      node: aNode(name),
      keepNode: true,
      instance: anInstance(name, 'consul', { id, meta }),
      checks: [{ ...health, overwriteStatus: true }],
      replaceChecks: false,
    });
  }
  const owned = () => new Set(KEYS.filter((key) => assignment.owns(key)));

  it('gives everything to a node that is alone, and nothing to one that is not a member', async () => {
    assignment.refresh();
    expect(owned().size).to.equal(0);
    await join(SELF);
    expect(assignment.refresh()).to.equal(true);
    expect(owned().size).to.equal(KEYS.length);
  });

  it('moves only the share of a node that joins, leaves or dies', async () => {
    await join(SELF);
    await join('registry-2');
    assignment.refresh();
    const ofTwo = owned();
    expect(ofTwo.size).to.be.within(350, 650);
    await join('registry-3');
    assignment.refresh();
    const ofThree = owned();
    expect(ofThree.size).to.be.within(200, 466);
    expect([...ofThree].filter((key) => !ofTwo.has(key))).to.deep.equal([]);
    await test.registry.health.report('registry-3', 'serfHealth', 'critical', 'gone');
    expect(assignment.refresh()).to.equal(true);
    expect(owned()).to.deep.equal(ofTwo);
    await test.registry.catalog.deregisterNode('registry-2');
    assignment.refresh();
    expect(owned().size).to.equal(KEYS.length);
  });

  it('gives nothing to a node that doubts itself, unless all of them do', async () => {
    await join(SELF);
    await join('registry-2');
    assignment.refresh();
    const ofTwo = owned();
    const doubt = async (name: string, status: Check['status']) => {
      const check = aCheck(name, 'service:consul', { instanceId: 'consul', status });
      const checks = [{ ...check, overwriteStatus: true }];
      await test.registry.catalog.register({ keepNode: true, checks, replaceChecks: false });
      assignment.refresh();
    };
    await doubt(SELF, 'warning');
    expect([owned().size, assignment.hasOther]).to.deep.equal([0, true]);
    await doubt('registry-2', 'warning');
    expect(owned()).to.deep.equal(ofTwo);
    expect(assignment.hasOther, 'nobody could look instead').to.equal(false);
    await doubt(SELF, 'passing');
    expect([owned().size, assignment.hasOther]).to.deep.equal([KEYS.length, false]);
  });

  it('has a fence that moves with the nodes, and with nothing else', async () => {
    await join(SELF);
    assignment.refresh();
    const { fence } = assignment;
    await test.registry.catalog.register({
      node: aNode('n1'),
      keepNode: true,
      instance: anInstance('n1', 'web'),
      checks: [],
      replaceChecks: false,
    });
    assignment.refresh();
    expect(assignment.fence).to.deep.equal(fence);
    await join('registry-2');
    assignment.refresh();
    expect(assignment.fence.revision).to.be.above(fence.revision);
  });

  it('agrees with every other node: each key has one owner', async () => {
    const names = ['registry-2', SELF, 'Registry-3'];
    for (const name of names) await join(name);
    const hash64 = pureHashes.xxh64;
    const others = names.map((nodeName) => {
      const identity = { ...TEST_IDENTITY, nodeName };
      const other = new Assignment({ identity, state: test.registry.state }, hash64);
      other.refresh();
      return other;
    });
    const owners = KEYS.map((key) => others.filter((other) => other.owns(key)).length);
    expect(owners).to.deep.equal(KEYS.map(() => 1));
  });

  it('is left alone by whatever else changes', async () => {
    await join(SELF);
    assignment.refresh();
    await test.registry.health.report(SELF, 'serfHealth', 'warning', 'slow');
    await test.registry.kv.put({ key: 'k', value: new Uint8Array(), flags: '0' });
    expect(assignment.refresh()).to.equal(false);
    expect(owned().size).to.equal(KEYS.length);
  });

  it('has no room for others who call their service the same', async () => {
    await join(SELF);
    await join('stranger', {});
    await join('guest', { 'rollcall-version': '1' }, 'consul-2');
    assignment.refresh();
    expect(owned().size).to.equal(KEYS.length);
  });
});
