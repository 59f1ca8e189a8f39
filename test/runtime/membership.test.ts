import { expect } from 'chai';
import {
  checkLease,
  decideExpiry,
  deregisterLease,
  type CheckStatus,
  type Instance,
  type State,
} from '../../src/core/index.ts';
import { createLogger } from '../../src/platform/logger.ts';
import { systemRandom } from '../../src/platform/random.ts';
import type { Identity } from '../../src/registry/index.ts';
import { LeaseSweeper } from '../../src/runtime/lease-sweeper.ts';
import { Membership } from '../../src/runtime/membership.ts';
import { eventually } from '../support/eventually.ts';
import { aCheck, aNode, anInstance } from '../support/pure-catalog.ts';
import { startRegistry, TEST_IDENTITY, type TestRegistry } from '../support/registry.ts';

const { nodeName, agentName, address } = TEST_IDENTITY;

describe('membership', () => {
  let test: TestRegistry;
  let membership: Membership;
  let sweeper: LeaseSweeper;

  async function start(identity: Partial<Identity> = {}): Promise<void> {
    test = await startRegistry({ identity });
    const deps = { registry: test.registry, logger: createLogger('silent'), random: systemRandom };
    membership = new Membership({ ...deps, httpPort: 8500 });
    sweeper = new LeaseSweeper(deps);
    sweeper.start();
  }
  afterEach(async () => {
    await sweeper.stop();
    await membership.stop();
    await test.stop();
  });
  const state = (): State => test.registry.state;
  const status = (node: string, check: string): CheckStatus | undefined =>
    state().checks.get(`${node}\0${check}`)?.status;
  const hasLease = async (lease: string): Promise<boolean | undefined> =>
    (await test.store.renew([{ lease, ttlMs: 1 }]))[0];

  it('puts this node, its service and the agent node into the catalog', async () => {
    await start();
    await membership.start();
    expect(state().node(nodeName)).to.include({ id: TEST_IDENTITY.nodeId, address, transient: true });
    const instance: Instance | undefined = state().instances.get(`${nodeName}\0consul`);
    expect(instance).to.deep.include({
      service: 'consul',
      port: 8500,
      meta: { 'rollcall-version': '0.0.0-test', 'rollcall-http': '127.0.0.1:8500' },
    });
    expect(status(nodeName, 'serfHealth')).to.equal('passing');
    expect(status(nodeName, 'service:consul')).to.equal('passing');
    expect(state().node(agentName)).to.include({ id: TEST_IDENTITY.agentId, address });
    expect(state().checks.get(`${agentName}\0serfHealth`)).to.deep.include({
      status: 'passing',
      name: 'Serf Health Status',
      output: 'Agent alive and reachable',
      source: { kind: 'external' },
    });
    expect(await hasLease(checkLease(agentName, 'serfHealth'))).to.equal(false);
  });

  it('stays passing by its heartbeats, without a commit', async () => {
    await start();
    await membership.start();
    const { revision } = state();
    await new Promise((resolve) => setTimeout(resolve, 7500));
    expect(status(nodeName, 'serfHealth')).to.equal('passing');
    expect(status(nodeName, 'service:consul')).to.equal('passing');
    expect(state().revision).to.equal(revision);
  });

  it('comes back when its record is removed or changed', async () => {
    await start();
    await membership.start();
    await test.registry.catalog.deregisterNode(nodeName);
    await eventually(() => status(nodeName, 'service:consul') === 'passing', 'registered again');
    await test.registry.catalog.deregisterNode(agentName);
    await eventually(() => status(agentName, 'serfHealth') === 'passing', 'the agent node again');
    const instance = anInstance(nodeName, 'consul', { port: 1 });
    await test.registry.catalog.register({ keepNode: true, instance, checks: [], replaceChecks: false });
    await eventually(() => state().instances.get(`${nodeName}\0consul`)?.port === 8500, 'the port restored');
    await test.registry.health.report(nodeName, 'serfHealth', 'critical', 'for a test');
    await eventually(() => status(nodeName, 'serfHealth') === 'passing', 'passing again');
  });

  it('takes an agent node as it is', async () => {
    await start();
    const node = aNode(agentName, { id: TEST_IDENTITY.agentId, address: '10.9.9.9', meta: { kept: 'yes' } });
    await test.registry.catalog.register({ node, keepNode: false, checks: [], replaceChecks: false });
    await membership.start();
    expect(state().node(agentName)).to.deep.include({ address: '10.9.9.9', meta: { kept: 'yes' } });
    expect(status(agentName, 'serfHealth')).to.equal('passing');
  });

  it('leaves when it stops, and the agent node stays', async () => {
    await start();
    await membership.start();
    await membership.stop();
    expect(state().node(nodeName)).to.equal(undefined);
    expect(state().instancesOf('consul').size).to.equal(0);
    expect(status(agentName, 'serfHealth')).to.equal('passing');
  });

  it('is forgotten, node and all, ten minutes after it died', async () => {
    await start();
    await membership.start();
    expect(decideExpiry(state(), checkLease(nodeName, 'serfHealth')).result).to.equal('critical');
    expect(decideExpiry(state(), checkLease(nodeName, 'service:consul')).result).to.equal('critical');
    expect(state().checks.get(`${nodeName}\0service:consul`)?.deregisterAfterMs).to.equal(600_000);
    await test.registry.health.report(nodeName, 'service:consul', 'critical', 'dead');
    const { result, draft } = decideExpiry(state(), deregisterLease(nodeName, 'service:consul'));
    expect(result).to.equal('deregistered');
    expect(draft.deletes.map(({ table }) => table)).to.have.members(['instance', 'check', 'check', 'node']);
  });

  it('shares one node with the agent where both have the same name', async () => {
    await start({ nodeName: 'Shared', agentName: 'shared' });
    await membership.start();
    expect(state().nodes.size).to.equal(1);
    expect(state().node('shared')).to.include({ id: TEST_IDENTITY.agentId });
    expect(state().node('shared')?.transient).to.equal(undefined);
    expect(status('shared', 'service:consul')).to.equal('passing');
    expect(status('shared', 'serfHealth')).to.equal('passing');
    expect(await hasLease(checkLease('shared', 'serfHealth'))).to.equal(false);
    expect(await hasLease(checkLease('shared', 'service:consul'))).to.equal(true);
    await membership.stop();
    expect(state().node('shared')).to.not.equal(undefined);
    expect(state().instancesOf('consul').size).to.equal(0);
  });

  it('starts without its name where a living node has that, and takes it once it is free', async () => {
    await start();
    await test.registry.catalog.register({
      node: aNode(nodeName, { id: '99999999-9999-4999-8999-999999999999' }),
      keepNode: false,
      checks: [{ ...aCheck(nodeName, 'serfHealth'), overwriteStatus: true }],
      replaceChecks: false,
    });
    await membership.start();
    expect(state().instancesOf('consul').size).to.equal(0);
    await test.registry.catalog.deregisterNode(nodeName);
    await eventually(() => status(nodeName, 'service:consul') === 'passing', 'joined');
  });

  it('waits no longer than a second for a store when it stops', async () => {
    await start();
    await membership.start();
    const commit = test.store.commit.bind(test.store);
    test.store.commit = () => new Promise(() => undefined);
    const startedAt = performance.now();
    await membership.stop();
    expect(performance.now() - startedAt).to.be.within(999, 5000);
    test.store.commit = commit;
  });

  it('ends without a complaint when the store is gone already', async () => {
    await start();
    await membership.start();
    await sweeper.stop();
    await test.store.close();
    await membership.stop();
  });
});
