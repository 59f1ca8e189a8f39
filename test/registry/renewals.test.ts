import { expect } from 'chai';
import { Renewals } from '../../src/registry/renewals.ts';
import { StoreError, type Renewal, type Store } from '../../src/store/store.ts';
import { systemClock } from '../../src/platform/clock.ts';
import { altered } from '../support/altered-store.ts';
import { eventually } from '../support/eventually.ts';
import { aCheck, aNode } from '../support/pure-catalog.ts';
import { startRegistry, type TestRegistry } from '../support/registry.ts';

/** The real store, with its renewals counted, and refused while `isSilent`. */
class Link {
  readonly sent: Renewal[][] = [];
  isSilent = false;
  silentMs = 0;

  wrap(store: Store): Store {
    const renew: Store['renew'] = async (renewals) => {
      if (this.isSilent) throw new StoreError('unavailable', 'silent');
      this.sent.push(renewals.map(({ lease, ttlMs }) => ({ lease, ttlMs })));
      return store.renew(renewals);
    };
    return altered(store, { renew, status: () => ({ available: true, silentMs: this.silentMs }) });
  }
}

describe('renewals that are noted', () => {
  let link: Link;
  let test: TestRegistry;
  let unknown: string[];
  let renewals: Renewals;
  beforeEach(async () => {
    link = new Link();
    test = await startRegistry({ wrap: (store) => link.wrap(store) });
    unknown = [];
    const onUnknown = (leases: readonly string[]) => {
      unknown.push(...leases);
      return Promise.resolve();
    };
    renewals = new Renewals({ store: test.store, clock: systemClock, onUnknown });
    await test.store.commit({
      operation: 'grant',
      compares: [],
      puts: [],
      deletes: [],
      touches: [],
      grants: [{ lease: 'held', ttlMs: 60_000 }],
      revokes: [],
    });
  });
  afterEach(() => test.stop());

  it('are sent soon, those of one lease as one, and the rest told apart', async () => {
    for (let i = 0; i < 100; i++) expect(renewals.note('held', 1000 + i)).to.equal(true);
    expect(renewals.note('lost', 1000)).to.equal(true);
    await eventually(() => link.sent.length > 0, 'the renewals are sent');
    expect(link.sent).to.deep.equal([
      [
        { lease: 'held', ttlMs: 1099 },
        { lease: 'lost', ttlMs: 1000 },
      ],
    ]);
    await eventually(() => unknown.length > 0, 'the unknown one is told');
    expect(unknown).to.deep.equal(['lost']);
  });

  it('are sent at once by a flush', async () => {
    renewals.note('held', 1000);
    await renewals.flush();
    expect(link.sent.flat()).to.deep.equal([{ lease: 'held', ttlMs: 1000 }]);
  });

  it('are sent after a flush that had nothing to send', async () => {
    await renewals.flush();
    renewals.note('held', 1000);
    await eventually(() => link.sent.length > 0, 'the renewal is sent');
  });

  it('wait for a store that is silent, and no more are taken until it answers', async () => {
    link.isSilent = true;
    renewals.note('held', 1000);
    await renewals.flush();
    expect(renewals.note('held', 2000)).to.equal(false);
    link.isSilent = false;
    await eventually(() => link.sent.length > 0, 'the renewal is sent after all');
    expect(link.sent.flat()).to.deep.equal([{ lease: 'held', ttlMs: 1000 }]);
    await eventually(() => renewals.note('held', 3000), 'renewals are taken again');
  });

  it('are not taken for a store that was last heard a while ago', () => {
    link.silentMs = 300;
    expect(renewals.note('held', 1000)).to.equal(false);
    link.silentMs = 200;
    expect(renewals.note('held', 1000)).to.equal(true);
  });

  it('are cut into calls that leave the store time for others', async () => {
    for (let i = 0; i < 1200; i++) renewals.note(`lease-${String(i)}`, 1000);
    await renewals.flush();
    expect(link.sent.map((call) => call.length)).to.deep.equal([500, 500, 200]);
  });

  it('are what a heartbeat that changes nothing becomes, and a flush of the registry sends them', async () => {
    const { catalog, health } = test.registry;
    const source = { kind: 'ttl', ttlMs: 60_000 } as const;
    const check = { ...aCheck('n1', 'c', { source }), overwriteStatus: false };
    await catalog.register({ node: aNode('n1'), keepNode: false, checks: [check], replaceChecks: false });
    expect(health.heartbeat('n1', 'c', 'passing', '')).to.equal(undefined);
    await test.registry.flush();
    expect(link.sent.flat()).to.deep.equal([{ lease: 'check\0n1\0c', ttlMs: 60_000 }]);
    link.isSilent = true;
    void health.heartbeat('n1', 'c', 'passing', '');
    await test.registry.flush();
    const refused = await health.heartbeat('n1', 'c', 'passing', '')?.catch((error: unknown) => error);
    expect(refused).to.include({ code: 'store_unavailable' });
  });
});
